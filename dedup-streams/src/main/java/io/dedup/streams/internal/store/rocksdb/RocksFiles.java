// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.store.rocksdb;

import io.dedup.streams.internal.store.format.WindowedKey;
import io.dedup.streams.internal.store.table.CompactTable;
import io.dedup.streams.internal.store.table.KeyHash;
import io.dedup.streams.internal.store.table.ScalableBloomFilter;
import io.dedup.streams.internal.store.table.SortedEntries;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.apache.kafka.streams.errors.ProcessorStateException;
import org.jspecify.annotations.Nullable;
import org.rocksdb.ColumnFamilyDescriptor;
import org.rocksdb.ColumnFamilyHandle;
import org.rocksdb.ColumnFamilyOptions;
import org.rocksdb.DBOptions;
import org.rocksdb.EnvOptions;
import org.rocksdb.IngestExternalFileOptions;
import org.rocksdb.Options;
import org.rocksdb.ReadOptions;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;
import org.rocksdb.RocksIterator;
import org.rocksdb.SstFileWriter;

/**
 * The files of a {@link RocksSegment}: a column family, which is made when something is written to it, and dropped whole.
 *
 * <p>Firsts are handed to RocksDB as sorted files, so they go neither through its log nor through its own tables in memory.
 *
 * <p>Thread-safe.
 */
final class RocksFiles {
    private final RocksDB database;
    private final ColumnFamilyOptions options;
    private final Path directory;
    private final byte[] name;
    /** Held to read while the family is used, so that it is not closed meanwhile. */
    private final ReadWriteLock inUse = new ReentrantReadWriteLock();

    private volatile @Nullable ColumnFamilyHandle family;
    private volatile boolean dropped;
    private volatile boolean stopped;

    /**
     * Files that may be there already.
     *
     * @param directory for files on their way
     * @param name of the column family
     * @param family null if it has not been made yet
     */
    RocksFiles(
            RocksDB database,
            ColumnFamilyOptions options,
            Path directory,
            byte[] name,
            @Nullable ColumnFamilyHandle family) {
        this.database = database;
        this.options = options;
        this.directory = directory;
        this.name = name.clone();
        this.family = family;
    }

    /** The name of the column family. */
    String name() {
        return new String(name, StandardCharsets.UTF_8);
    }

    /** Whether there is something. */
    boolean exist() {
        return family != null;
    }

    /** The value of a key that most probably has one: to find none costs an exception in the binding. */
    byte @Nullable [] get(byte[] key) {
        return family == null ? null : with(existing -> database.get(existing, key));
    }

    /** The same for a key that most probably has none. */
    byte @Nullable [] getRare(byte[] key) {
        return family == null
                ? null
                : with(existing -> database.keyMayExist(existing, key, null) ? database.get(existing, key) : null);
    }

    /** Uses the column family. */
    @FunctionalInterface
    private interface Use<T> {
        @Nullable
        T with(ColumnFamilyHandle family) throws RocksDBException;
    }

    private <T> @Nullable T with(Use<T> use) {
        inUse.readLock().lock();
        try {
            ColumnFamilyHandle existing = family;
            return existing == null ? null : use.with(existing);
        } catch (RocksDBException failed) {
            throw failure("read", failed);
        } finally {
            inUse.readLock().unlock();
        }
    }

    /** Writes what is in the table, in the place of what is there of the same keys. Nothing if the files were dropped. */
    void write(CompactTable table) {
        SortedEntries entries = SortedEntries.of(table);
        Path file = null;
        try {
            file = Files.createTempFile(directory, RocksDatabase.ON_ITS_WAY, ".sst");
            write(entries, file);
            ingest(file);
        } catch (RocksDBException | IOException failed) {
            throw failure("write", failed);
        } finally {
            delete(file);
        }
    }

    private void write(SortedEntries entries, Path file) throws RocksDBException {
        try (EnvOptions environment = new EnvOptions();
                DBOptions defaults = new DBOptions();
                Options whole = new Options(defaults, options);
                SstFileWriter writer = new SstFileWriter(environment, whole)) {
            writer.open(file.toString());
            ByteBuffer key = ByteBuffer.allocateDirect(entries.longestKey());
            ByteBuffer value = ByteBuffer.allocateDirect(entries.longestValue());
            for (int i = 0; i < entries.size(); i++) {
                entries.get(i, key, value);
                writer.put(key, value);
            }
            writer.finish();
        }
    }

    private void ingest(Path file) throws RocksDBException {
        inUse.readLock().lock();
        try (IngestExternalFileOptions ingestion = new IngestExternalFileOptions()) {
            ColumnFamilyHandle existing = family;
            if (dropped) {
                return;
            } else if (existing == null) {
                // No other thread makes one: a store is written by one at a time.
                existing = database.createColumnFamily(new ColumnFamilyDescriptor(name, options));
                family = existing;
            }
            ingestion.setMoveFiles(true);
            database.ingestExternalFile(existing, List.of(file.toString()), ingestion);
        } finally {
            inUse.readLock().unlock();
        }
    }

    private static void delete(@Nullable Path file) {
        try {
            if (file != null) {
                Files.deleteIfExists(file);
            }
        } catch (IOException failed) {
            throw failure("delete", failed);
        }
    }

    /** A filter of what is there; null if the files are dropped meanwhile, or reading is stopped. */
    @Nullable
    ScalableBloomFilter filter(long seed) {
        return with(existing -> {
            ScalableBloomFilter filter =
                    new ScalableBloomFilter(database.getLongProperty(existing, "rocksdb.estimate-num-keys"));
            KeyHash hash = new KeyHash(seed);
            try (ReadOptions reading = new ReadOptions().setFillCache(false);
                    RocksIterator entries = database.newIterator(existing, reading)) {
                for (entries.seekToFirst(); entries.isValid() && !dropped && !stopped; entries.next()) {
                    byte[] key = entries.key();
                    hash.take(WindowedKey.keyIn(key).get());
                    hash.at(WindowedKey.startIn(key));
                    filter.add(hash);
                }
                entries.status();
            }
            return dropped || stopped ? null : filter;
        });
    }

    /** Ends the making of a filter, so that no thread waits for it. */
    void stopReading() {
        stopped = true;
    }

    /** Every window start that there is. */
    List<Long> starts() {
        List<Long> found = with(existing -> {
            List<Long> starts = new ArrayList<>();
            try (RocksIterator entries = database.newIterator(existing)) {
                entries.seekToFirst();
                while (entries.isValid()) {
                    long start = WindowedKey.startIn(entries.key());
                    starts.add(start);
                    entries.seek(name(start + 1));
                }
                entries.status();
            }
            return starts;
        });
        return found == null ? List.of() : found;
    }

    private static byte[] name(long start) {
        return ByteBuffer.allocate(Long.BYTES).putLong(start).array();
    }

    /** Lets nothing more be written, nor a filter be made. */
    void abandon() {
        dropped = true;
    }

    /** Deletes everything. It takes its time where there are gigabytes. */
    void drop() {
        dropped = true;
        inUse.writeLock().lock();
        try (ColumnFamilyHandle existing = family) {
            if (existing != null) {
                database.dropColumnFamily(existing);
            }
        } catch (RocksDBException failed) {
            throw failure("drop", failed);
        } finally {
            family = null;
            inUse.writeLock().unlock();
        }
    }

    /** Leaves everything where it is. */
    void close() {
        dropped = true;
        inUse.writeLock().lock();
        try {
            ColumnFamilyHandle existing = family;
            family = null;
            if (existing != null) {
                existing.close();
            }
        } finally {
            inUse.writeLock().unlock();
        }
    }

    private static ProcessorStateException failure(String what, Exception cause) {
        return new ProcessorStateException("Could not " + what + " the files of a store", cause);
    }
}
