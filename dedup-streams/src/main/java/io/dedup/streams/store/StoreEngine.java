// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.store;

import io.dedup.streams.internal.store.BucketStoreSuppliers;
import io.dedup.streams.internal.store.SegmentedWindowStoreSupplier;
import io.dedup.streams.internal.store.memory.MemorySegments;
import io.dedup.streams.internal.store.table.MemoryBudget;
import java.time.Duration;
import org.apache.kafka.streams.state.WindowBytesStoreSupplier;

/**
 * The engine that holds the bytes of remembered firsts on one machine: RocksDB, or tables on the heap. Kafka Streams puts the
 * changelog around it, so an engine need not survive the loss of the machine.
 *
 * <p>No other windowed store will do: when a first may be forgotten follows from what the store itself says, and not from a retention
 * that a topology is built with.
 *
 * <p>Immutable and thread-safe.
 */
public final class StoreEngine implements BucketStoreSuppliers {
    private final BucketStoreSuppliers suppliers;

    /** An engine that gives out what that one makes. */
    StoreEngine(BucketStoreSuppliers suppliers) {
        this.suppliers = suppliers;
    }

    @Override
    public WindowBytesStoreSupplier supplier(String name, Duration retention, Duration window) {
        return suppliers.supplier(name, retention, window);
    }

    /** The RocksDB engine with {@linkplain RocksDbOptions#defaults default options}. */
    public static StoreEngine rocksDb() {
        return rocksDb(RocksDbOptions.defaults());
    }

    /**
     * RocksDB on local disk, behind filters in memory that answer for most keys that have not been seen. A filter takes 16 to 32
     * bits a key on the heap, some room for keys that are expected, and up to 3 MB where it was not known how many would come.
     */
    public static StoreEngine rocksDb(RocksDbOptions options) {
        return new StoreEngine((name, retention, window) ->
                SegmentedWindowStoreSupplier.onRocksDb(name, retention, window, options.shared()));
    }

    /**
     * Tables on the heap that hold 128-bit digests in the place of keys: no disk, and a full restore from the changelog at
     * every assignment. All that are made so may take half of the largest heap together.
     */
    public static StoreEngine memory() {
        return memory(MemoryBudget.ofThisProcess(halfOfTheHeap()), false);
    }

    /** Half of the largest heap that this process may have, in bytes. */
    public static long halfOfTheHeap() {
        return Runtime.getRuntime().maxMemory() / 2;
    }

    /**
     * Tables on the heap: no disk, and a full restore from the changelog at every assignment.
     *
     * @param mostBytes how many bytes all stores of this engine may take together; the application stops where they would
     *     take more, and forgets nothing
     * @param wholeKeys whether whole keys are held, and not their digests
     */
    public static StoreEngine memory(long mostBytes, boolean wholeKeys) {
        return memory(new MemoryBudget(mostBytes), wholeKeys);
    }

    /**
     * The same, but what may be taken is shared with all other engines in this process that have this bound.
     *
     * @param mostBytes how many bytes their stores may take together
     * @param wholeKeys whether whole keys are held, and not their digests
     */
    public static StoreEngine sharedMemory(long mostBytes, boolean wholeKeys) {
        return memory(MemoryBudget.ofThisProcess(mostBytes), wholeKeys);
    }

    private static StoreEngine memory(MemoryBudget budget, boolean wholeKeys) {
        return new StoreEngine((name, retention, window) -> new SegmentedWindowStoreSupplier(
                name,
                retention,
                window,
                "dedup-memory",
                (width, seed) -> new MemorySegments(width, wholeKeys, budget)));
    }

    /**
     * The engine of that name in configuration.
     *
     * @throws IllegalArgumentException if it is neither {@code rocksdb} nor {@code memory}
     */
    public static StoreEngine named(String name) {
        return switch (name) {
            case "rocksdb" -> rocksDb();
            case "memory" -> memory();
            default -> throw new IllegalArgumentException("name must be rocksdb or memory: '" + name + "'");
        };
    }
}
