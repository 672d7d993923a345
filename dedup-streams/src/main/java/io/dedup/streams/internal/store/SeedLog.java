// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.store;

import io.dedup.Coordinates;
import io.dedup.DedupPolicy;
import io.dedup.IdempotencyKey;
import io.dedup.SeenRecord;
import io.dedup.streams.internal.store.format.BucketEntry;
import io.dedup.streams.internal.store.format.Buckets;
import io.dedup.streams.internal.store.format.ChangelogBatch;
import io.dedup.streams.internal.store.format.EntryCodec;
import io.dedup.streams.internal.store.format.KeyCounts;
import io.dedup.streams.internal.store.format.SeenKey;
import io.dedup.streams.internal.store.format.StoreMetadata;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.common.utils.Utils;
import org.rocksdb.CompressionType;
import org.rocksdb.Options;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;
import org.rocksdb.RocksIterator;

/**
 * Makes the changelog records that a {@link SeenStore} would have written, so that an operator that has never run finds it there
 * when it restores.
 *
 * <p>Firsts are gathered in a temporary database on disk, since the seen records of one key may come in any order and from
 * several partitions, and a later record of the changelog replaces an earlier one.
 *
 * <p>A changelog record of a timestamped window store has the store key, the window's start in eight bytes and four zero
 * bytes as its key, the value as its value, and its timestamp is that of the value.
 *
 * <p>Confined to one thread.
 */
public final class SeedLog implements AutoCloseable {
    private static final int NO_SEQUENCE = 0;

    private final Buckets buckets;
    private final SeenKey keys = new SeenKey();
    private final EntryCodec codec = new EntryCodec();
    /** By the partition that remembers them. */
    private final Map<Integer, Seeded> seeded = new TreeMap<>();

    /** What is known of a partition: the times of its source partitions, and until when its firsts are needed. */
    private static final class Seeded {
        private final Map<String, Map<Integer, Long>> times = new TreeMap<>();
        private long streamTime = Long.MIN_VALUE;
        private long neededUntil = StoreMetadata.NONE;
        private long writtenAt = StoreMetadata.NONE;

        void add(SeenRecord first, long now) {
            Coordinates at = Objects.requireNonNull(first.coordinates(), "a seeded first has coordinates");
            long time = Math.min(first.timestamp(), now);
            streamTime = Math.max(streamTime, time);
            times.computeIfAbsent(at.topic(), unseen -> new TreeMap<>()).merge(at.partition(), time, Math::max);
            neededUntil = Math.max(neededUntil, first.expiresAt());
            writtenAt = Math.max(writtenAt, now);
        }
    }

    private final Path directory;
    private final Options options;
    private final RocksDB gathered;

    /** Takes a record of the changelog. */
    @FunctionalInterface
    public interface Writer {
        /** Takes one record of that partition. */
        void write(int partition, byte[] key, byte[] value);
    }

    /**
     * A log for an operator with that policy.
     *
     * @throws UncheckedIOException if the temporary directory cannot be written
     */
    public SeedLog(DedupPolicy policy) {
        RocksDB.loadLibrary();
        this.buckets = Buckets.of(policy);
        this.options = new Options().setCreateIfMissing(true).setCompressionType(CompressionType.NO_COMPRESSION);
        try {
            this.directory = Files.createTempDirectory("dedup-seed");
            this.gathered = RocksDB.open(options, directory.toString());
        } catch (IOException | RocksDBException failed) {
            throw failure("open", failed);
        }
    }

    /**
     * Remembers a first on that partition.
     *
     * @param first with coordinates
     * @param now the wall clock in milliseconds since the epoch
     */
    public void remember(int partition, String scope, IdempotencyKey key, SeenRecord first, long now) {
        seeded.computeIfAbsent(partition, unseen -> new Seeded()).add(first, now);
        byte[] storeKey = keys.of(scope, key).get();
        long bucket = buckets.start(first.timestamp());
        byte[] name = ByteBuffer.allocate(Integer.BYTES + storeKey.length + Long.BYTES)
                .putInt(partition)
                .put(storeKey)
                .putLong(bucket)
                .array();
        try {
            byte[] known = gathered.get(name);
            BucketEntry firsts = known == null ? BucketEntry.NONE : codec.decode(known, bucket);
            gathered.put(name, codec.encode(firsts.with(first), bucket, now));
        } catch (RocksDBException failed) {
            throw failure("write", failed);
        }
    }

    /** Writes everything that has been remembered, with stream time. */
    public void writeTo(Writer writer) {
        seeded.forEach((partition, known) -> writeTo(writer, partition, known));
    }

    private void writeTo(Writer writer, int partition, Seeded known) {
        KeyCounts census = new KeyCounts(List.of(), known.streamTime);
        long neededBefore = StoreMetadata.NONE;
        ChangelogBatch batch = new ChangelogBatch(BatchingBucketStore.BATCH_BYTES);
        byte[] prefix = ByteBuffer.allocate(Integer.BYTES).putInt(partition).array();
        try (RocksIterator entries = gathered.newIterator()) {
            for (entries.seek(prefix); entries.isValid() && startsWith(entries.key(), prefix); entries.next()) {
                ByteBuffer name = ByteBuffer.wrap(entries.key());
                long bucket = name.getLong(name.limit() - Long.BYTES);
                Bytes key = Bytes.wrap(Arrays.copyOfRange(entries.key(), Integer.BYTES, name.limit() - Long.BYTES));
                BucketEntry firsts = codec.decode(entries.value(), bucket);
                firsts.seenRecords().forEach(first -> census.add(buckets.roundedUntil(bucket), first.timestamp()));
                long written = codec.writtenAt(entries.value(), bucket);
                batch.add(key, bucket, firsts, written);
                if (batch.length() >= BatchingBucketStore.BATCH_BYTES) {
                    write(writer, partition, batch, neededBefore, known, census);
                    // As if all came with the first batch: what is deleted of them is deleted together.
                    neededBefore = known.neededUntil;
                    batch = new ChangelogBatch(BatchingBucketStore.BATCH_BYTES);
                }
            }
            entries.status();
        } catch (RocksDBException failed) {
            throw failure("read", failed);
        }
        write(writer, partition, batch, neededBefore, known, census);
    }

    private static boolean startsWith(byte[] name, byte[] prefix) {
        return Arrays.equals(name, 0, prefix.length, prefix, 0, prefix.length);
    }

    private void write(
            Writer writer, int partition, ChangelogBatch batch, long neededBefore, Seeded known, KeyCounts census) {
        byte[] metadata = new StoreMetadata(
                        buckets.ttlMs(),
                        StoreMetadata.NONE,
                        neededBefore,
                        known.neededUntil,
                        new StoreMetadata.Committed(known.writtenAt, known.writtenAt, true, List.of()),
                        List.of(),
                        census.counts(),
                        known.times,
                        Map.of())
                .encode();
        writer.write(partition, windowed(SeenKey.BATCH, BatchingBucketStore.WINDOW), batch.encode(metadata));
    }

    private static byte[] windowed(Bytes key, long start) {
        byte[] bytes = key.get();
        return ByteBuffer.allocate(bytes.length + Long.BYTES + Integer.BYTES)
                .put(bytes)
                .putLong(start)
                .putInt(NO_SEQUENCE)
                .array();
    }

    private static UncheckedIOException failure(String what, Exception cause) {
        return new UncheckedIOException(
                new IOException("Could not " + what + " the temporary database of a seeding", cause));
    }

    /** Deletes the temporary database. */
    @Override
    public void close() {
        gathered.close();
        options.close();
        try {
            Utils.delete(directory.toFile());
        } catch (IOException failed) {
            throw failure("delete", failed);
        }
    }
}
