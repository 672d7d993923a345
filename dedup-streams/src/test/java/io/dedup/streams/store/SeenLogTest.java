// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.store;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.dedup.Coordinates;
import io.dedup.IdempotencyKey;
import io.dedup.Sighting;
import java.nio.ByteBuffer;
import org.apache.kafka.common.utils.Bytes;
import org.junit.jupiter.api.Test;

/** What a changelog says of one key. */
class SeenLogTest {
    private static final IdempotencyKey KEY = IdempotencyKey.of("header:id", "k-1".getBytes(UTF_8));
    private static final Sighting FIRST = new Sighting(100, 150, new Coordinates("orders", 0, 7), null);

    private final SeenLog log = new SeenLog("orders", KEY);

    @Test
    void take_firstOfTheKey_coversItsTtl() {
        log.take(windowed(KEY, 0), SightingCodec.encode(Firsts.of(FIRST)));
        assertThat(log.covering(150, 1)).isEqualTo(FIRST);
        assertThat(log.covering(151, 1)).isNull();
    }

    @Test
    void take_firstOfAnotherKeyOrScope_isNotTaken() {
        byte[] value = SightingCodec.encode(Firsts.of(FIRST));
        log.take(windowed(IdempotencyKey.of("header:id", "k-2".getBytes(UTF_8)), 0), value);
        log.take(windowed(IdempotencyKey.of("header:id", "k-11".getBytes(UTF_8)), 0), value);
        log.take(windowed("payments", KEY, 0), value);
        assertThat(log.covering(100, 1)).isNull();
    }

    @Test
    void take_laterRecordOfTheSameBucket_replacesTheEarlier() {
        Sighting later = new Sighting(120, 170, new Coordinates("orders", 0, 9), null);
        log.take(windowed(KEY, 0), SightingCodec.encode(Firsts.of(FIRST)));
        log.take(windowed(KEY, 0), SightingCodec.encode(Firsts.of(later)));
        assertThat(log.covering(130, 1)).isEqualTo(later);
        assertThat(log.covering(110, 1)).as("the earlier one covered it").isNull();
    }

    @Test
    void take_nothingInPlaceOfIt_forgetsIt() {
        log.take(windowed(KEY, 0), SightingCodec.encode(Firsts.of(FIRST)));
        log.take(windowed(KEY, 0), null);
        assertThat(log.covering(100, 1)).isNull();
    }

    @Test
    void covering_severalBuckets_isFoundInAny() {
        Sighting other = new Sighting(500, 550, new Coordinates("orders", 0, 8), null);
        log.take(windowed(KEY, 0), SightingCodec.encode(Firsts.of(FIRST)));
        log.take(windowed(KEY, 400), SightingCodec.encode(Firsts.of(other)));
        assertThat(log.covering(100, 1)).isEqualTo(FIRST);
        assertThat(log.covering(500, 1)).isEqualTo(other);
        assertThat(log.covering(300, 1)).isNull();
    }

    @Test
    void take_blockWithTheKeyAmongOthers_coversItsTtl() {
        FirstsBlock block = new FirstsBlock(0, 64);
        Sighting other = new Sighting(200, 250, new Coordinates("orders", 0, 8), null);
        block.add(Bytes.wrap(SeenStore.nameOf("orders", KEY)), FIRST, 1_000);
        block.add(
                Bytes.wrap(SeenStore.nameOf("orders", IdempotencyKey.of("header:id", "k-2".getBytes(UTF_8)))),
                other,
                1_000);
        byte[] key = ByteBuffer.allocate(SeenKey.PREFIX_BYTES + Long.BYTES + Integer.BYTES)
                .put(SeenKey.BLOCK)
                .array();
        log.take(key, block.encode());
        assertThat(log.covering(120, 1)).isEqualTo(FIRST);
        assertThat(log.covering(220, 1)).as("of the other key").isNull();
    }

    private static byte[] windowed(IdempotencyKey key, long bucket) {
        return windowed("orders", key, bucket);
    }

    /** The key of a window store's changelog: the key, the start of its window, and a sequence number. */
    private static byte[] windowed(String scope, IdempotencyKey key, long bucket) {
        byte[] name = SeenStore.nameOf(scope, key);
        return ByteBuffer.allocate(name.length + Long.BYTES + Integer.BYTES)
                .put(name)
                .putLong(bucket)
                .putInt(0)
                .array();
    }
}
