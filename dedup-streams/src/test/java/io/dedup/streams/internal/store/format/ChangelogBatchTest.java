// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.store.format;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.dedup.Coordinates;
import io.dedup.Fingerprint;
import io.dedup.SeenRecord;
import io.dedup.StoredOutcome;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.utils.Bytes;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class ChangelogBatchTest {
    private static final byte[] METADATA = {42, 43};
    private static final long DAY = 86_400_001;

    private record Change(Bytes key, long bucket, BucketEntry firsts, long now) {}

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void read_anyChanges_areThoseThatWereAddedInThatOrder(long seed) {
        // Given
        Random random = new Random(seed);
        ChangelogBatch batch = new ChangelogBatch(64);
        List<Change> added = new ArrayList<>();
        for (int i = 0; i < 500; i++) {
            Change change = change(random);
            batch.add(change.key(), change.bucket(), change.firsts(), change.now());
            added.add(change);
        }
        // When
        List<Change> read = new ArrayList<>();
        ChangelogBatch.read(
                batch.encode(METADATA),
                (key, bucket, change) -> read.add(new Change(key, bucket, change.toEntry(), change.written())));
        // Then
        assertThat(read).as("seed %s", seed).isEqualTo(added);
        assertThat(ChangelogBatch.metadata(batch.encode(METADATA))).isEqualTo(METADATA);
        assertThat(batch.count()).isEqualTo(500);
        assertThat(batch.written()).isEqualTo(added.get(499).now());
        assertThat(batch.length()).isBetween(500 * 20, 500 * 150);
    }

    /** As at a commit before which only stream time has advanced. */
    @Test
    void read_noChanges_isTheMetadata() {
        byte[] empty = new ChangelogBatch(64).encode(METADATA);
        ChangelogBatch.read(empty, (key, bucket, change) -> {
            throw new AssertionError("there is none");
        });
        assertThat(ChangelogBatch.metadata(empty)).isEqualTo(METADATA);
        assertThat(empty).hasSizeLessThan(10);
    }

    static Stream<BucketEntry> wholes() {
        SeenRecord plain = new SeenRecord(5, 6, new Coordinates("t", 0, 0), null);
        return Stream.of(
                BucketEntry.NONE,
                BucketEntry.of(new SeenRecord(5, 6, null, null)),
                BucketEntry.of(plain.withOutcome(StoredOutcome.of(new byte[3]))),
                BucketEntry.of(plain).with(new SeenRecord(7, 8, new Coordinates("t", 0, 1), null)));
    }

    /** As after a commit, where a key is forgotten or released before anything else happens. */
    @ParameterizedTest
    @MethodSource("wholes")
    void read_firstChangeIsWhole_theNextHasItsOwnPlace(BucketEntry whole) {
        // Given
        ChangelogBatch batch = new ChangelogBatch(64);
        BucketEntry simple = BucketEntry.of(new SeenRecord(9, 10, new Coordinates("orders", 3, 41), null));
        batch.add(key("a"), 0, whole, 11);
        batch.add(key("b"), 0, simple, 12);
        batch.add(key("c"), 0, whole, 13);
        batch.add(key("d"), 0, simple, 14);
        // When
        List<BucketEntry> read = new ArrayList<>();
        ChangelogBatch.read(batch.encode(METADATA), (key, bucket, change) -> read.add(change.toEntry()));
        // Then
        assertThat(read).containsExactly(whole, simple, whole, simple);
    }

    /** Restoring takes what a batch says as it stands, without making a seen record of it. */
    @Test
    void read_simpleChange_isWrittenAsItsSeenRecord() {
        // Given
        Random random = new Random(4);
        ChangelogBatch batch = new ChangelogBatch(64);
        for (int i = 0; i < 100; i++) {
            Change change = change(random);
            batch.add(change.key(), change.bucket(), change.firsts(), change.now());
        }
        EntryCodec ofChanges = new EntryCodec(new PartitionDictionary());
        EntryCodec ofSeenRecords = new EntryCodec(new PartitionDictionary());
        // When
        ChangelogBatch.read(batch.encode(METADATA), (key, bucket, change) -> {
            if (!change.isWhole()) {
                int length = ofChanges.write(change, bucket);
                // Then
                assertThat(Arrays.copyOf(ofChanges.written(), length))
                        .isEqualTo(ofSeenRecords.encode(change.toEntry(), bucket, change.written()));
            }
        });
    }

    private static Change change(Random random) {
        byte[] key = new byte[SeenKey.PREFIX_BYTES + 1 + random.nextInt(40)];
        random.nextBytes(key);
        key[0] = (byte) random.nextInt(3);
        Arrays.fill(key, 1, SeenKey.PREFIX_BYTES, (byte) 9);
        long bucket = DAY * (19_000 + random.nextInt(3));
        long now = bucket + random.nextInt(10_000_000);
        BucketEntry firsts = switch (random.nextInt(8)) {
            case 0 -> BucketEntry.NONE;
            case 1 -> BucketEntry.of(new SeenRecord(bucket, bucket + 1, null, null));
            case 2 -> BucketEntry.of(first(random, bucket).withOutcome(StoredOutcome.of(new byte[random.nextInt(99)])));
            case 3 -> BucketEntry.of(first(random, bucket)).with(first(random, bucket));
            default -> BucketEntry.of(first(random, bucket));
        };
        return new Change(Bytes.wrap(key), bucket, firsts, now);
    }

    private static SeenRecord first(Random random, long bucket) {
        byte[] digest = new byte[Fingerprint.BYTES];
        random.nextBytes(digest);
        long time = bucket + random.nextInt(86_400_000);
        return new SeenRecord(
                time,
                time + (random.nextInt(5) == 0 ? random.nextInt(1000) : 86_400_000),
                new Coordinates("topic-" + random.nextInt(3), random.nextInt(4), random.nextInt(1 << 30)),
                random.nextBoolean() ? Fingerprint.fromBytes(digest) : null,
                null,
                random.nextBoolean());
    }

    /** What stands in a user's changelog has to be read for ever. */
    @Test
    void encode_isFrozen() {
        // Given
        ChangelogBatch batch = new ChangelogBatch(64);
        Coordinates at = new Coordinates("orders", 2, 41);
        batch.add(key("a"), 1_000, BucketEntry.of(new SeenRecord(1_005, 2_005, at, null)), 9_000);
        SeenRecord second = new SeenRecord(1_004, 2_004, new Coordinates("orders", 2, 44), null).asSettled();
        batch.add(key("bc"), 1_000, BucketEntry.of(second), 9_001);
        batch.add(key("a"), 2_000, BucketEntry.NONE, 9_002);
        // When
        String hex = HexFormat.of().formatHex(batch.encode(METADATA));
        // Then
        assertThat(hex)
                .isEqualTo("02" + "022a2b" + "01066f726465727302d00f" + "01" + "5052454649582d31"
                        + "00" + "d00f" + "00" + "00" + "0161" + "d08c01" + "0a" + "52"
                        + "03" + "026263" + "02" + "01" + "06"
                        + "08" + "d00f" + "00" + "0161" + "02" + "00");
    }

    private static Bytes key(String text) {
        return Bytes.wrap(("PREFIX-1" + text).getBytes(UTF_8));
    }

    @Test
    void read_damagedOrUnknown_saysSo() {
        // Given
        ChangelogBatch batch = new ChangelogBatch(64);
        batch.add(key("a"), 0, BucketEntry.of(new SeenRecord(5, 6, new Coordinates("t", 0, 0), null)), 7);
        byte[] whole = batch.encode(METADATA);
        byte[] newer = whole.clone();
        newer[0] = 3;
        // When, then
        assertThatExceptionOfType(SerializationException.class)
                .isThrownBy(() -> ChangelogBatch.read(newer, (key, bucket, change) -> {}))
                .withMessageContaining("version 3")
                .withMessageContaining("run that one");
        for (int cut : new int[] {1, 3, 6, whole.length - 1}) {
            assertThatExceptionOfType(SerializationException.class)
                    .isThrownBy(() -> ChangelogBatch.read(Arrays.copyOf(whole, cut), (key, bucket, change) -> {}))
                    .withMessageContaining("damaged");
        }
    }
}
