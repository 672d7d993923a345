// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.store.rocksdb;

import io.dedup.streams.internal.store.engine.LocalFiles;
import io.dedup.streams.internal.store.engine.SegmentsByTime;
import io.dedup.streams.internal.store.format.Dictionary;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.common.utils.Utils;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.errors.ProcessorStateException;
import org.apache.kafka.streams.state.RocksDBConfigSetter;
import org.jspecify.annotations.Nullable;
import org.rocksdb.BlockBasedTableConfig;
import org.rocksdb.BloomFilter;
import org.rocksdb.ColumnFamilyDescriptor;
import org.rocksdb.ColumnFamilyHandle;
import org.rocksdb.ColumnFamilyOptions;
import org.rocksdb.CompactionStyle;
import org.rocksdb.CompressionType;
import org.rocksdb.DBOptions;
import org.rocksdb.InfoLogLevel;
import org.rocksdb.Options;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;
import org.rocksdb.RocksIterator;
import org.rocksdb.WriteOptions;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The database of one store on one machine: a column family for each segment, and in the default one what is to be known
 * about them.
 *
 * <pre>
 * state                 1 open, 2 open under exactly-once, 0 closed
 * places                as a dictionary writes them
 * metadata              as the store writes it
 * offset/topic-partition  eight bytes: up to where in the changelog everything is on disk
 * needed/segment        eight bytes: the last time of a record that something in the segment can be needed for
 * </pre>
 *
 * <p>Files of another layout are deleted, and so are those of a store that was not closed, if what is in them need not
 * have been committed. Kafka then restores the store from its changelog.
 */
final class RocksDatabase implements AutoCloseable {
    private static final Logger LOGGER = LoggerFactory.getLogger(RocksDatabase.class);
    private static final String FORMAT = "dedup-4";
    /** How the names of files begin that RocksDB has not taken yet. */
    static final String ON_ITS_WAY = "sorted";

    private static final byte[] STATE = bytes("state");
    private static final byte[] PLACES = bytes("places");
    private static final byte[] METADATA = bytes("metadata");
    private static final String OFFSET = "offset/";
    private static final String NEEDED = "needed/";
    private static final byte[] OPEN = {1};
    private static final byte[] OPEN_EXACTLY_ONCE = {2};
    private static final byte[] CLOSED = {0};
    private static final double BITS_A_KEY = 10;
    private static final int BLOCK_BYTES = 4 * 1024;
    /** Files of a segment are merged when there are this many: a key that comes again from far back is looked for in each. */
    private static final int MAX_FILES = 4;

    private final String name;
    private final Path directory;
    private final DBOptions databaseOptions;
    private final ColumnFamilyOptions familyOptions;
    private final Options options;
    private final BloomFilter bloom = new BloomFilter(BITS_A_KEY, false);
    private final Map<String, Object> configs;
    private final boolean emptied;
    private final List<ColumnFamilyHandle> handles = new ArrayList<>();
    private final Map<SegmentsByTime.Bounds, Family> families = new LinkedHashMap<>();
    /** What was dropped may still be being deleted when a segment with the same bounds is made. */
    private long lastNumber;

    private final RocksDB database;
    private @Nullable RocksDBConfigSetter setter;

    private RocksDatabase(
            String name, Path directory, Map<String, Object> configs, RocksResources shared, boolean emptied)
            throws RocksDBException {
        this.name = name;
        this.directory = directory;
        this.configs = configs;
        this.emptied = emptied;
        this.options = options(shared);
        this.databaseOptions = new DBOptions(options);
        this.familyOptions = new ColumnFamilyOptions(options);
        try {
            List<ColumnFamilyDescriptor> descriptors = new ArrayList<>();
            descriptors.add(new ColumnFamilyDescriptor(RocksDB.DEFAULT_COLUMN_FAMILY, familyOptions));
            for (byte[] family : RocksDB.listColumnFamilies(options, directory.toString())) {
                if (!Arrays.equals(family, RocksDB.DEFAULT_COLUMN_FAMILY)) {
                    descriptors.add(new ColumnFamilyDescriptor(family, familyOptions));
                }
            }
            this.database = RocksDB.open(databaseOptions, directory.toString(), descriptors, handles);
        } catch (RocksDBException failed) {
            closeOptions();
            throw failed;
        }
        try {
            handles.stream()
                    .skip(1)
                    .sorted(Comparator.comparingInt(ColumnFamilyHandle::getID))
                    .forEach(this::take);
            forgetDropped();
        } catch (RuntimeException | RocksDBException failed) {
            handles.forEach(ColumnFamilyHandle::close);
            database.close();
            closeOptions();
            throw failed;
        }
    }

    /** Takes one after those that were made before it. */
    private void take(ColumnFamilyHandle family) {
        try {
            SegmentsByTime.Bounds bounds = bounds(family.getName());
            Family found = new Family(family.getName(), family);
            lastNumber = Math.max(lastNumber, found.number());
            // Segments do not overlap. What does was no longer needed when this one was made, and was about to be
            // dropped.
            for (SegmentsByTime.Bounds other : List.copyOf(families.keySet())) {
                if (other.overlaps(bounds)) {
                    drop(Objects.requireNonNull(families.remove(other)));
                }
            }
            families.put(bounds, found);
        } catch (RocksDBException failed) {
            throw new ProcessorStateException("Could not read the files of " + name, failed);
        }
    }

    private void drop(Family left) throws RocksDBException {
        try (ColumnFamilyHandle handle = left.handle()) {
            database.dropColumnFamily(handle);
        }
    }

    /** Opens the database of a store, without files that are of no use. */
    static RocksDatabase open(String name, LocalFiles local, RocksResources shared) {
        Path directory = local.directory();
        String layout = FORMAT + ", " + local.layout();
        boolean emptied = false;
        try {
            Path format = directory.resolve("FORMAT");
            if (Files.exists(directory)
                    && !(Files.exists(format) && Files.readString(format).equals(layout))) {
                LOGGER.info("The local files of {} have another layout; restoring from the changelog", name);
                local.delete();
                emptied = true;
            }
            RocksDatabase opened = openFiles(name, layout, local, shared, emptied);
            // Where Kafka Streams keeps the offset, it has none for files that were left open, and deletes them itself.
            if (local.keepsOffsets() && opened.wasLeftOpen(local.isExactlyOnce())) {
                LOGGER.info(
                        "The local files of {} were not closed and may hold what was not committed;"
                                + " restoring from the changelog",
                        name);
                opened.close();
                local.delete();
                opened = openFiles(name, layout, local, shared, true);
            }
            opened.markOpen(local.isExactlyOnce());
            return opened;
        } catch (IOException | RocksDBException failed) {
            throw new ProcessorStateException("Could not open the files of " + name + " in " + directory, failed);
        }
    }

    private static RocksDatabase openFiles(
            String name, String layout, LocalFiles local, RocksResources shared, boolean emptied)
            throws IOException, RocksDBException {
        Path directory = local.directory();
        Path files = directory.resolve("db");
        Files.createDirectories(files);
        Files.writeString(directory.resolve("FORMAT"), layout);
        deleteThoseOnTheirWay(files);
        return new RocksDatabase(name, files, local.configs(), shared, emptied);
    }

    /** Deletes what was being written when the process ended. */
    private static void deleteThoseOnTheirWay(Path files) throws IOException {
        try (DirectoryStream<Path> onTheirWay = Files.newDirectoryStream(files, ON_ITS_WAY + "*")) {
            for (Path file : onTheirWay) {
                Files.delete(file);
            }
        }
    }

    private void markOpen(boolean exactlyOnce) {
        try {
            put(STATE, exactlyOnce ? OPEN_EXACTLY_ONCE : OPEN);
        } catch (ProcessorStateException failed) {
            close();
            throw failed;
        }
    }

    /** Whether there were files that were of no use and have been deleted. */
    boolean wasEmptied() {
        return emptied;
    }

    private Options options(RocksResources shared) {
        BlockBasedTableConfig table = new BlockBasedTableConfig()
                .setBlockCache(shared.cache())
                .setBlockSize(BLOCK_BYTES)
                .setFilterPolicy(bloom)
                // Some two bytes a key, for as long as the file is there: looked for in the cache, they were a third of
                // a lookup.
                .setCacheIndexAndFilterBlocks(false);
        Options made = new Options()
                .setCreateIfMissing(true)
                .setCreateMissingColumnFamilies(true)
                .setInfoLogLevel(InfoLogLevel.ERROR_LEVEL)
                .setCompressionType(CompressionType.NO_COMPRESSION)
                .setCompactionStyle(CompactionStyle.UNIVERSAL)
                .setLevel0FileNumCompactionTrigger(MAX_FILES)
                .setLevel0SlowdownWritesTrigger(8 * MAX_FILES)
                .setLevel0StopWritesTrigger(16 * MAX_FILES)
                // Written to are only the few bytes of the default family.
                .setWriteBufferSize(256L << 10)
                .setMaxBackgroundJobs(Math.max(2, shared.threads()));
        made.setTableFormatConfig(table);
        Object type = configs.get(StreamsConfig.ROCKSDB_CONFIG_SETTER_CLASS_CONFIG);
        if (type instanceof Class<?> setterType) {
            setter = (RocksDBConfigSetter) Utils.newInstance(setterType);
            setter.setConfig(name, made, configs);
        }
        return made;
    }

    /** Whether what is here need not have been committed, by the guarantee of today or that of before. */
    private boolean wasLeftOpen(boolean exactlyOnce) throws RocksDBException {
        try {
            byte[] state = database.get(STATE);
            return state != null && (state[0] == OPEN_EXACTLY_ONCE[0] || (exactlyOnce && state[0] == OPEN[0]));
        } catch (RocksDBException failed) {
            close();
            throw failed;
        }
    }

    /** The column family of a segment: its name ends in a number that no other has had. */
    private record Family(Bytes nameBytes, ColumnFamilyHandle handle) {
        Family(byte[] name, ColumnFamilyHandle handle) {
            this(Bytes.wrap(name), handle);
        }

        String name() {
            return new String(nameBytes.get(), StandardCharsets.UTF_8);
        }

        long number() {
            return Long.parseLong(name().substring(name().lastIndexOf('/') + 1));
        }
    }

    private static SegmentsByTime.Bounds bounds(byte[] name) {
        String[] parts = new String(name, StandardCharsets.UTF_8).split("/", -1);
        return new SegmentsByTime.Bounds(Long.parseLong(parts[1]), Long.parseLong(parts[2]));
    }

    /** The segments that there are. */
    List<SegmentsByTime.Bounds> segments() {
        return List.copyOf(families.keySet());
    }

    /** The files of a segment. */
    RocksFiles files(SegmentsByTime.Bounds bounds) {
        Family family = families.remove(bounds);
        byte[] familyName = family == null
                ? bytes("windows/" + bounds.from() + "/" + bounds.to() + "/" + ++lastNumber)
                : family.nameBytes().get();
        return new RocksFiles(database, familyOptions, directory, familyName, family == null ? null : family.handle());
    }

    /** Until when a segment is needed, as it was written last. */
    long neededUntil(RocksFiles files) {
        byte[] written = get(bytes(NEEDED + files.name()));
        if (written == null) {
            throw new ProcessorStateException("The files of " + name + " do not say until when " + files.name()
                    + " is needed: delete " + directory);
        }
        return ByteBuffer.wrap(written).getLong();
    }

    /** Forgets until when segments were needed that are not there any more. */
    private void forgetDropped() throws RocksDBException {
        try (RocksIterator entries = database.newIterator()) {
            for (entries.seek(bytes(NEEDED)); entries.isValid(); entries.next()) {
                String key = new String(entries.key(), StandardCharsets.UTF_8);
                if (!key.startsWith(NEEDED)) {
                    break;
                }
                if (families.values().stream().noneMatch(family -> key.equals(NEEDED + family.name()))) {
                    database.delete(entries.key());
                }
            }
            entries.status();
        }
    }

    /** To be written before anything that is needed until then. */
    void writeNeededUntil(RocksFiles files, long until) {
        put(
                bytes(NEEDED + files.name()),
                ByteBuffer.allocate(Long.BYTES).putLong(until).array());
    }

    void readPlaces(Dictionary places) {
        byte[] known = get(PLACES);
        if (known != null) {
            places.decode(ByteBuffer.wrap(known));
        }
    }

    void writePlaces(byte[] places) {
        put(PLACES, places);
    }

    byte @Nullable [] metadata() {
        return get(METADATA);
    }

    void writeMetadata(byte @Nullable [] metadata) {
        if (metadata != null) {
            put(METADATA, metadata);
        }
    }

    /** How many bytes of files there are, without those that are about to be deleted. */
    long bytes() {
        try {
            return database.getAggregatedLongProperty("rocksdb.live-sst-files-size");
        } catch (RocksDBException failed) {
            throw new ProcessorStateException("Could not read the files of " + name, failed);
        }
    }

    /** Up to where in the changelog everything is here. */
    Map<TopicPartition, Long> offsets() {
        Map<TopicPartition, Long> offsets = new HashMap<>();
        try (RocksIterator entries = database.newIterator()) {
            entries.seek(bytes(OFFSET));
            while (entries.isValid()) {
                String key = new String(entries.key(), StandardCharsets.UTF_8);
                if (!key.startsWith(OFFSET)) {
                    break;
                }
                int hyphen = key.lastIndexOf('-');
                offsets.put(
                        new TopicPartition(
                                key.substring(OFFSET.length(), hyphen), Integer.parseInt(key.substring(hyphen + 1))),
                        ByteBuffer.wrap(entries.value()).getLong());
                entries.next();
            }
            entries.status();
        } catch (RocksDBException failed) {
            throw new ProcessorStateException("Could not read the offsets of " + name, failed);
        }
        return offsets;
    }

    /** Writes these in the place of all that were written. */
    void writeOffsets(Map<TopicPartition, Long> offsets) {
        try {
            for (TopicPartition gone : offsets().keySet()) {
                if (!offsets.containsKey(gone)) {
                    database.delete(bytes(OFFSET + gone));
                }
            }
        } catch (RocksDBException failed) {
            throw new ProcessorStateException("Could not write the offsets of " + name, failed);
        }
        offsets.forEach((partition, offset) -> put(
                bytes(OFFSET + partition),
                ByteBuffer.allocate(Long.BYTES).putLong(offset).array()));
    }

    /** Notes that everything is on disk. */
    void writeClosed() {
        put(STATE, CLOSED);
    }

    private byte @Nullable [] get(byte[] key) {
        try {
            return database.get(key);
        } catch (RocksDBException failed) {
            throw new ProcessorStateException("Could not read the files of " + name, failed);
        }
    }

    private void put(byte[] key, byte[] value) {
        // Entries come in files that are on disk when they are taken: neither what they refer to nor the mark that the
        // files are in use may be lost when the machine fails.
        try (WriteOptions onDisk = new WriteOptions().setSync(true)) {
            database.put(onDisk, key, value);
        } catch (RocksDBException failed) {
            throw new ProcessorStateException("Could not write the files of " + name, failed);
        }
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    /** The files that were given out are to be closed before. */
    @Override
    public void close() {
        families.values().forEach(family -> family.handle().close());
        handles.get(0).close();
        database.close();
        closeOptions();
    }

    private void closeOptions() {
        if (setter != null) {
            setter.close(name, options);
        }
        familyOptions.close();
        databaseOptions.close();
        options.close();
        bloom.close();
    }
}
