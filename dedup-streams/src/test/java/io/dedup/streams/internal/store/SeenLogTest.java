// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.store;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.dedup.Coordinates;
import io.dedup.IdempotencyKey;
import io.dedup.SeenRecord;
import io.dedup.streams.internal.store.format.BucketEntry;
import io.dedup.streams.internal.store.format.ChangelogBatch;
import io.dedup.streams.internal.store.format.EntryCodec;
import io.dedup.streams.internal.store.format.SeenKey;
import java.nio.ByteBuffer;
import org.apache.kafka.common.utils.Bytes;
import org.junit.jupiter.api.Test;

/** What a changelog says of one key. */
class SeenLogTest {
    private static final IdempotencyKey KEY = IdempotencyKey.of("header:id", "k-1".getBytes(UTF_8));
    private static final SeenRecord FIRST = new SeenRecord(100, 150, new Coordinates("orders", 0, 7), null);

    private final SeenLog log = new SeenLog("orders", KEY);

    @Test
    void take_firstOfTheKey_coversItsTtl() {
        log.take(windowed(KEY, 0), entry(FIRST, 0));
        assertThat(log.covering(150, 1)).isEqualTo(FIRST);
        assertThat(log.covering(151, 1)).isNull();
    }

    @Test
    void take_firstOfAnotherKeyOrScope_isNotTaken() {
        byte[] value = entry(FIRST, 0);
        log.take(windowed(IdempotencyKey.of("header:id", "k-2".getBytes(UTF_8)), 0), value);
        log.take(windowed(IdempotencyKey.of("header:id", "k-11".getBytes(UTF_8)), 0), value);
        log.take(windowed("payments", KEY, 0), value);
        assertThat(log.covering(100, 1)).isNull();
    }

    @Test
    void take_laterRecordOfTheSameBucket_replacesTheEarlier() {
        SeenRecord later = new SeenRecord(120, 170, new Coordinates("orders", 0, 9), null);
        log.take(windowed(KEY, 0), entry(FIRST, 0));
        log.take(windowed(KEY, 0), entry(later, 0));
        assertThat(log.covering(130, 1)).isEqualTo(later);
        assertThat(log.covering(110, 1)).as("the earlier one covered it").isNull();
    }

    @Test
    void take_nothingInPlaceOfIt_forgetsIt() {
        log.take(windowed(KEY, 0), entry(FIRST, 0));
        log.take(windowed(KEY, 0), new EntryCodec().encodeVersioned(BucketEntry.NONE, 0, 0));
        assertThat(log.covering(100, 1)).isNull();
    }

    @Test
    void covering_severalBuckets_isFoundInAny() {
        SeenRecord other = new SeenRecord(500, 550, new Coordinates("orders", 0, 8), null);
        log.take(windowed(KEY, 0), entry(FIRST, 0));
        log.take(windowed(KEY, 400), entry(other, 400));
        assertThat(log.covering(100, 1)).isEqualTo(FIRST);
        assertThat(log.covering(500, 1)).isEqualTo(other);
        assertThat(log.covering(300, 1)).isNull();
    }

    @Test
    void take_batchWithTheKeyAmongOthers_coversItsTtl() {
        ChangelogBatch batch = new ChangelogBatch(64);
        SeenRecord other = new SeenRecord(200, 250, new Coordinates("orders", 0, 8), null);
        Bytes key = Bytes.wrap(SeenQueries.nameOf("orders", KEY));
        batch.add(key, 0, BucketEntry.of(FIRST), 1_000);
        batch.add(
                Bytes.wrap(SeenQueries.nameOf("orders", IdempotencyKey.of("header:id", "k-2".getBytes(UTF_8)))),
                0,
                BucketEntry.of(other),
                1_000);
        log.take(windowed(SeenKey.BATCH.get(), 0), batch.encode(new byte[0]));
        assertThat(log.covering(120, 1)).isEqualTo(FIRST);
        assertThat(log.covering(220, 1)).as("of the other key").isNull();
        ChangelogBatch released = new ChangelogBatch(64);
        released.add(key, 0, BucketEntry.NONE, 2_000);
        log.take(windowed(SeenKey.BATCH.get(), 0), released.encode(new byte[0]));
        assertThat(log.covering(120, 1)).as("taken back since").isNull();
    }

    private static byte[] windowed(IdempotencyKey key, long bucket) {
        return windowed("orders", key, bucket);
    }

    /** The key of a window store's changelog: the key, the start of its window, and a sequence number. */
    private static byte[] windowed(String scope, IdempotencyKey key, long bucket) {
        return windowed(SeenQueries.nameOf(scope, key), bucket);
    }

    private static byte[] entry(SeenRecord first, long bucket) {
        return new EntryCodec().encodeVersioned(BucketEntry.of(first), bucket, 0);
    }

    private static byte[] windowed(byte[] name, long bucket) {
        return ByteBuffer.allocate(name.length + Long.BYTES + Integer.BYTES)
                .put(name)
                .putLong(bucket)
                .putInt(0)
                .array();
    }
}
