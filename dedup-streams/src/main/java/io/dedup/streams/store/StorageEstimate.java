// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.store;

import io.dedup.Coordinates;
import io.dedup.DedupPolicy;
import io.dedup.IdempotencyKey;
import io.dedup.SeenRecord;
import io.dedup.streams.internal.store.BatchingBucketStore;
import io.dedup.streams.internal.store.engine.LocalFiles;
import io.dedup.streams.internal.store.engine.Segments;
import io.dedup.streams.internal.store.format.BucketEntry;
import io.dedup.streams.internal.store.format.Buckets;
import io.dedup.streams.internal.store.format.ChangelogBatch;
import io.dedup.streams.internal.store.format.EntryCodec;
import io.dedup.streams.internal.store.format.KeyCounts;
import io.dedup.streams.internal.store.format.PartitionDictionary;
import io.dedup.streams.internal.store.format.SeenKey;
import io.dedup.streams.internal.store.format.StoreMetadata;
import io.dedup.streams.internal.store.memory.MemorySegments;
import io.dedup.streams.internal.store.rocksdb.RocksSegments;
import io.dedup.streams.internal.store.table.KeyHash;
import io.dedup.streams.internal.store.table.MemoryBudget;
import io.dedup.streams.internal.store.table.ScalableBloomFilter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.common.utils.Utils;

/**
 * The bytes that it takes to remember a key, measured by remembering some with the engines themselves.
 *
 * @param memory on the heap, with {@link StoreEngine#memory()}
 * @param disk with {@link StoreEngine#rocksDb()}, before its files are merged, which makes them no larger
 * @param filters on the heap, with {@link StoreEngine#rocksDb()}, at most; of what has not been written yet, all stores of a process
 *     share their own room
 * @param changelog in the changelog, before compression and for one replica
 */
public record StorageEstimate(double memory, double disk, double filters, double changelog) {
    private static final long NOW = 1_766_000_000_000L;
    private static final String TOPIC = "orders";
    private static final long FIRST_OFFSET = 1_000_000;
    private static final int PARTITIONS = 12;
    /** What a record in a batch has beside key and value: lengths, deltas and attributes. */
    private static final int RECORD_OVERHEAD = 10;
    /** What the changelog of a timestamped window store has beside key and value: a window start, a number and a time. */
    private static final int STORE_OVERHEAD = 2 * Long.BYTES + Integer.BYTES;

    /**
     * Measures it.
     *
     * @param keys how many are remembered for it
     * @param keyBytes how long each is
     * @param commitEvery how many firsts of a partition come between two commits
     * @throws UncheckedIOException if a temporary directory cannot be written
     */
    public static StorageEstimate measure(DedupPolicy policy, int keys, int keyBytes, double commitEvery) {
        Buckets buckets = Buckets.of(policy);
        Sample sample = new Sample(keys, keyBytes, policy.ttl());
        Path directory = temporary();
        long width = buckets.retention().toMillis();
        double memory;
        double changelog;
        try {
            try (Segments tables = new MemorySegments(width, false, MemoryBudget.unbounded());
                    Segments files = new RocksSegments(
                            "footprint", width, 0, RocksDbOptions.defaults().shared())) {
                LocalFiles local = new LocalFiles(directory.resolve("store"), "footprint", Map.of(), true);
                tables.open(local, new PartitionDictionary());
                files.open(local, new PartitionDictionary());
                changelog = sample.write(buckets, Math.max(1, commitEvery), tables, files);
                memory = tables.bytes();
            }
            // Closed, and so everything is in files.
            return new StorageEstimate(
                    memory / keys,
                    (double) sizeOfTables(directory) / keys,
                    ScalableBloomFilter.MAX_BYTES_A_KEY,
                    changelog / keys);
        } finally {
            delete(directory);
        }
    }

    private record Sample(int keys, int keyBytes, Duration ttl) {
        /** Writes it into both, and returns the size of the batches that the changelog would get. */
        long write(Buckets buckets, double commitEvery, Segments tables, Segments files) {
            Random random = new Random(1);
            KeyHash hash = new KeyHash(0);
            EntryCodec codec = new EntryCodec(new PartitionDictionary());
            SeenKey names = new SeenKey();
            KeyCounts census = new KeyCounts(List.of(), NOW);
            byte[] raw = new byte[keyBytes];
            long changelog = 0;
            double committed = 0;
            ChangelogBatch batch = new ChangelogBatch(BatchingBucketStore.BATCH_BYTES);
            for (int i = 0; i < keys; i++) {
                random.nextBytes(raw);
                long time = NOW + i;
                int partition = i * PARTITIONS / keys;
                SeenRecord first = new SeenRecord(
                        time, time + ttl.toMillis(), new Coordinates(TOPIC, partition, FIRST_OFFSET + i), null);
                Bytes key = names.of(TOPIC, IdempotencyKey.of("header:idempotency-key", raw));
                long bucket = buckets.start(time);
                int length = codec.write(first, bucket, time);
                hash.take(key.get());
                hash.at(bucket);
                tables.put(hash, key, bucket, codec.written(), length, first.expiresAt());
                files.put(hash, key, bucket, codec.written(), length, first.expiresAt());
                batch.add(key, bucket, BucketEntry.of(first), time);
                census.add(buckets.roundedUntil(bucket), time);
                boolean commits = i + 1 >= committed + commitEvery;
                if (commits) {
                    committed += commitEvery;
                }
                if (commits || batch.length() >= BatchingBucketStore.BATCH_BYTES || i + 1 == keys) {
                    StoreMetadata metadata = new StoreMetadata(
                            buckets.ttlMs(),
                            time - buckets.latenessMs(),
                            time + buckets.ttlMs(),
                            time + buckets.ttlMs(),
                            new StoreMetadata.Committed(time, time, true, List.of()),
                            List.of(),
                            census.counts(),
                            Map.of(TOPIC, Map.of(partition, time)),
                            Map.of(TOPIC, Map.of(partition, FIRST_OFFSET + i)));
                    changelog += SeenKey.BATCH.get().length
                            + STORE_OVERHEAD
                            + batch.encode(metadata.encode()).length
                            + RECORD_OVERHEAD;
                    batch = new ChangelogBatch(BatchingBucketStore.BATCH_BYTES);
                }
            }
            return changelog;
        }
    }

    private static Path temporary() {
        try {
            return Files.createTempDirectory("dedup-footprint");
        } catch (IOException failed) {
            throw new UncheckedIOException("Could not make a temporary directory", failed);
        }
    }

    private static long sizeOfTables(Path directory) {
        try (Stream<Path> files = Files.walk(directory)) {
            long size = 0;
            for (Path file :
                    files.filter(path -> path.toString().endsWith(".sst")).toList()) {
                size += Files.size(file);
            }
            return size;
        } catch (IOException failed) {
            throw new UncheckedIOException("Could not read the temporary directory " + directory, failed);
        }
    }

    private static void delete(Path directory) {
        try {
            Utils.delete(directory.toFile());
        } catch (IOException failed) {
            throw new UncheckedIOException("Could not delete the temporary directory " + directory, failed);
        }
    }
}
