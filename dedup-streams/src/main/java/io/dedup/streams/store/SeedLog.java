// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.store;

import io.dedup.DedupPolicy;
import io.dedup.IdempotencyKey;
import io.dedup.Sighting;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.common.utils.Utils;
import org.rocksdb.CompressionType;
import org.rocksdb.Options;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;
import org.rocksdb.RocksIterator;

/**
 * Makes what a {@link SeenStore} would have written to its changelog, so that an operator that has never run finds it there
 * when it restores.
 *
 * <p>Firsts are gathered in a temporary database on disk, since the sightings of one key may come in any order and from
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
    private final Map<Integer, Long> streamTimes = new TreeMap<>();
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

    /** How long a window is kept, from its start, as the operator's own changelog has it. */
    public static Duration retention(DedupPolicy policy) {
        return Buckets.of(policy).retention();
    }

    /**
     * Remembers a first on that partition.
     *
     * @param now the wall clock in milliseconds since the epoch
     */
    public void remember(int partition, String scope, IdempotencyKey key, Sighting first, long now) {
        streamTimes.merge(partition, Math.min(first.timestamp(), now), Math::max);
        byte[] windowed = windowed(keys.of(scope, key), buckets.start(first.timestamp()));
        byte[] name = ByteBuffer.allocate(Integer.BYTES + windowed.length)
                .putInt(partition)
                .put(windowed)
                .array();
        try {
            byte[] known = gathered.get(name);
            Firsts firsts = known == null ? Firsts.NONE : SightingCodec.decode(known);
            gathered.put(name, SightingCodec.encode(firsts.with(first)));
        } catch (RocksDBException failed) {
            throw failure("write", failed);
        }
    }

    /** Writes everything that has been remembered, and after that stream time. */
    public void writeTo(Writer writer) {
        Map<Integer, Census> censuses = new TreeMap<>();
        streamTimes.forEach((partition, time) -> censuses.put(partition, new Census(List.of(), time)));
        try (RocksIterator entries = gathered.newIterator()) {
            for (entries.seekToFirst(); entries.isValid(); entries.next()) {
                ByteBuffer name = ByteBuffer.wrap(entries.key());
                int partition = name.getInt();
                long bucket = name.getLong(name.limit() - Integer.BYTES - Long.BYTES);
                byte[] value = entries.value();
                Census census = censuses.get(partition);
                for (Sighting first : SightingCodec.decode(value).sightings()) {
                    if (census != null) {
                        census.add(buckets.roundedUntil(bucket), first.timestamp());
                    }
                }
                writer.write(partition, Arrays.copyOfRange(entries.key(), Integer.BYTES, name.limit()), value);
            }
            entries.status();
        } catch (RocksDBException failed) {
            throw failure("read", failed);
        }
        streamTimes.forEach((partition, time) -> {
            Census census = censuses.get(partition);
            List<Census.Count> counts = List.of();
            if (census != null) {
                census.advance(time);
                counts = census.counts();
            }
            StoreNote note = new StoreNote(1, time, buckets.ttlMs(), List.of(), counts);
            writer.write(partition, windowed(SeenKey.NOTE, buckets.noteStart(time)), note.encode());
        });
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
