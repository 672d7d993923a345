// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.store;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.dedup.streams.internal.store.engine.LocalFiles;
import io.dedup.streams.internal.store.format.PartitionDictionary;
import io.dedup.streams.internal.store.format.WindowedKey;
import io.dedup.streams.internal.store.rocksdb.RocksResources;
import io.dedup.streams.internal.store.rocksdb.RocksSegments;
import io.dedup.streams.internal.store.table.KeyHash;
import io.dedup.streams.store.RocksDbOptions;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.stream.Stream;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.common.utils.Utils;
import org.apache.kafka.streams.processor.TaskId;
import org.apache.kafka.streams.processor.api.MockProcessorContext;
import org.junit.jupiter.api.io.TempDir;
import org.rocksdb.ColumnFamilyDescriptor;
import org.rocksdb.ColumnFamilyHandle;
import org.rocksdb.DBOptions;
import org.rocksdb.Options;
import org.rocksdb.RocksDB;

/** Stores on RocksDB in a directory of a test. */
abstract class RocksSegmentsFixture {
    static final TopicPartition CHANGELOG = new TopicPartition("changelog", 0);
    static final Bytes KEY = Bytes.wrap(new byte[] {1});
    static final Duration RETENTION = Duration.ofSeconds(400);
    static final long SEGMENT = RETENTION.toMillis() / 2;
    static final long NUMBER = 7;
    static final byte[] VALUE = {7};
    /** Numbers that are put later begin there. */
    static final long FAR = 1_000_000;

    final Properties properties = new Properties();

    @TempDir
    Path directory;

    Map<String, Object> configs() {
        Map<String, Object> configs = new HashMap<>();
        properties.forEach((key, value) -> configs.put((String) key, value));
        return configs;
    }

    static RocksResources withoutAnythingInMemory() {
        return new RocksResources(new RocksResources.Limits(1 << 20, 64 << 20, 1), 0, 1 << 20, Runnable::run);
    }

    List<Path> sortedFiles() throws IOException {
        try (Stream<Path> files = Files.list(directory.resolve("state/seen/db"))) {
            return files.filter(file -> file.toString().endsWith(".sst")).toList();
        }
    }

    /** Adds the files of a segment, which are newer than all others. */
    void addFamily(long from, long to, int number, boolean withEntry) throws Exception {
        String name = "windows/" + from + "/" + to + "/" + number;
        List<ColumnFamilyDescriptor> descriptors = new ArrayList<>();
        List<ColumnFamilyHandle> handles = new ArrayList<>();
        String files = directory.resolve("db").toString();
        try (Options options = new Options();
                DBOptions databaseOptions = new DBOptions()) {
            for (byte[] family : RocksDB.listColumnFamilies(options, files)) {
                descriptors.add(new ColumnFamilyDescriptor(family));
            }
            try (RocksDB database = RocksDB.open(databaseOptions, files, descriptors, handles)) {
                database.put(
                        ("needed/" + name).getBytes(UTF_8),
                        ByteBuffer.allocate(Long.BYTES).putLong(99 * SEGMENT).array());
                ColumnFamilyHandle added =
                        database.createColumnFamily(new ColumnFamilyDescriptor(name.getBytes(UTF_8)));
                handles.add(added);
                if (withEntry) {
                    database.put(added, WindowedKey.of(KEY, 3 * SEGMENT), VALUE);
                }
                handles.forEach(ColumnFamilyHandle::close);
            }
        }
    }

    static Bytes key(int number) {
        return Bytes.wrap(("key-" + number).getBytes(UTF_8));
    }

    static byte[] value(int number) {
        return ByteBuffer.allocate(64).putInt(number).array();
    }

    /** Leaves behind what a process does that is killed now. */
    void crash(SegmentedWindowStore open) throws IOException {
        Path state = directory.resolve("state");
        Path copy = directory.resolve("copy");
        try (Stream<Path> files = Files.walk(state)) {
            for (Path file : files.toList()) {
                Files.copy(file, copy.resolve(state.relativize(file).toString()));
            }
        }
        open.close();
        Utils.delete(state.toFile());
        Files.move(copy, state);
    }

    static RocksResources defaults() {
        RocksDbOptions options = RocksDbOptions.defaults();
        return RocksResources.ofThisProcess(
                new RocksResources.Limits(options.cacheBytes(), options.writeBufferBytes(), options.threads()));
    }

    RocksSegments segments(String layout) {
        RocksSegments segments = new RocksSegments("seen", SEGMENT, 1, defaults());
        segments.open(new LocalFiles(directory, layout, Map.of(), true), new PartitionDictionary());
        return segments;
    }

    static KeyHash hash(long start) {
        KeyHash hash = new KeyHash(1);
        hash.take(KEY.get());
        hash.at(start);
        return hash;
    }

    void writeTwoSegments() {
        SegmentedWindowStore store = open(RETENTION);
        Numbers.put(store, KEY, NUMBER, 0);
        Numbers.put(store, KEY, 8, SEGMENT);
        store.commit(Map.of(CHANGELOG, 100L));
        store.close();
    }

    SegmentedWindowStore open(Duration retention) {
        return open(retention, defaults());
    }

    SegmentedWindowStore open(Duration retention, RocksResources shared) {
        MockProcessorContext<Void, Void> context = new MockProcessorContext<>(
                properties, new TaskId(0, 0), directory.resolve("state").toFile());
        SegmentedWindowStore store = (SegmentedWindowStore)
                SegmentedWindowStoreSupplier.onRocksDb("seen", retention, Duration.ofSeconds(60), shared)
                        .get();
        store.init(context.getStateStoreContext(), store);
        return store;
    }
}
