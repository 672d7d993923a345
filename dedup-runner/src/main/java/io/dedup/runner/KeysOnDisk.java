// SPDX-License-Identifier: Apache-2.0
package io.dedup.runner;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.dedup.Coordinates;
import io.dedup.Fingerprint;
import io.dedup.IdempotencyKey;
import io.dedup.SeenRecord;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.rocksdb.Options;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;
import org.rocksdb.WriteOptions;

/**
 * The firsts of all keys of a topic, and how many copies there are of each key, in a temporary directory: there may be more keys
 * than fit into memory. Confined to one thread.
 */
final class KeysOnDisk implements AutoCloseable {
    private static final int WITHOUT_FINGERPRINT = 8 + 8 + 4 + 8 + 1;
    /** Where the number of records is; before it is that of copies. */
    private static final int RECORDS_AT = 8;

    private static final byte[] NONE = new byte[16];

    private final Path directory;
    private final Options options = new Options().setCreateIfMissing(true);
    private final WriteOptions writes = new WriteOptions().setDisableWAL(true);
    private final RocksDB database;
    private final String topic;

    /**
     * What is known of a key.
     *
     * @param copies how many records are no firsts
     */
    record Known(long copies, List<SeenRecord> firsts) {}

    /**
     * How often a key was added.
     *
     * @param records all of them
     * @param copies those that are no firsts
     */
    record Tally(long records, long copies) {}

    /**
     * Opens an empty one.
     *
     * @param topic whose records they are
     */
    KeysOnDisk(String topic) {
        this(topic, Path.of(System.getProperty("java.io.tmpdir")));
    }

    KeysOnDisk(String topic, Path parent) {
        this.topic = topic;
        RocksDB.loadLibrary();
        try {
            this.directory = Files.createTempDirectory(parent, "dedup-verify");
            this.database = RocksDB.open(options, directory.toString());
        } catch (IOException | RocksDBException failed) {
            throw new IllegalStateException("The keys cannot be kept on disk: " + failed.getMessage(), failed);
        }
    }

    Known of(IdempotencyKey key) {
        ByteBuffer value = ByteBuffer.wrap(read(key));
        long copies = value.getLong();
        value.getLong();
        List<SeenRecord> firsts = new ArrayList<>();
        while (value.hasRemaining()) {
            long timestamp = value.getLong();
            long expiresAt = value.getLong();
            Coordinates at = new Coordinates(topic, value.getInt(), value.getLong());
            byte[] fingerprint = new byte[value.get()];
            value.get(fingerprint);
            firsts.add(new SeenRecord(
                    timestamp, expiresAt, at, fingerprint.length == 0 ? null : Fingerprint.fromBytes(fingerprint)));
        }
        return new Known(copies, firsts);
    }

    Tally addFirst(IdempotencyKey key, SeenRecord first) {
        byte[] before = read(key);
        Fingerprint fingerprint = first.fingerprint();
        byte[] digest = fingerprint == null ? new byte[0] : fingerprint.bytes();
        Coordinates at = first.coordinates();
        if (at == null) {
            throw new IllegalArgumentException("first must have coordinates: " + first);
        }
        byte[] after = new byte[before.length + WITHOUT_FINGERPRINT + digest.length];
        ByteBuffer.wrap(after)
                .put(before)
                .putLong(first.timestamp())
                .putLong(first.expiresAt())
                .putInt(at.partition())
                .putLong(at.offset())
                .put((byte) digest.length)
                .put(digest);
        return add(key, after, 0);
    }

    /** Counts a copy. */
    Tally addCopy(IdempotencyKey key) {
        return add(key, read(key), 1);
    }

    private Tally add(IdempotencyKey key, byte[] value, int copies) {
        ByteBuffer bytes = ByteBuffer.wrap(value);
        Tally tally = new Tally(bytes.getLong(RECORDS_AT) + 1, bytes.getLong(0) + copies);
        bytes.putLong(0, tally.copies()).putLong(RECORDS_AT, tally.records());
        write(key, value);
        return tally;
    }

    private byte[] read(IdempotencyKey key) {
        try {
            byte[] found = database.get(bytes(key));
            return found == null ? NONE.clone() : found;
        } catch (RocksDBException failed) {
            throw new IllegalStateException("The keys on disk cannot be read: " + failed.getMessage(), failed);
        }
    }

    private void write(IdempotencyKey key, byte[] value) {
        try {
            database.put(writes, bytes(key), value);
        } catch (RocksDBException failed) {
            throw new IllegalStateException("The keys cannot be kept on disk: " + failed.getMessage(), failed);
        }
    }

    private static byte[] bytes(IdempotencyKey key) {
        byte[] source = key.source().getBytes(UTF_8);
        ByteBuffer bytes = ByteBuffer.allocate(4 + source.length + key.length())
                .putInt(source.length)
                .put(source);
        key.writeTo(bytes);
        return bytes.array();
    }

    @Override
    public void close() {
        database.close();
        writes.close();
        options.close();
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        } catch (IOException left) {
            throw new UncheckedIOException("The temporary directory " + directory + " could not be deleted", left);
        }
    }
}
