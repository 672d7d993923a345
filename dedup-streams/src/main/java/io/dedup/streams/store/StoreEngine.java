// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.store;

import java.time.Duration;
import org.apache.kafka.streams.state.Stores;
import org.apache.kafka.streams.state.WindowBytesStoreSupplier;

/**
 * What holds the bytes of remembered firsts on one machine.
 *
 * <p>The law: what was put under a key and a window start is found by a point read of both until retention has passed,
 * and the store forgets by dropping old windows whole. Kafka Streams puts the changelog around it, so an engine need
 * not survive the loss of the machine.
 */
@FunctionalInterface
public interface StoreEngine {
    /**
     * A supplier of stores.
     *
     * @param name the store's name
     * @param retention how long a window is kept at least, from its start, in stream time
     * @param window the width of a window
     */
    WindowBytesStoreSupplier supplier(String name, Duration retention, Duration window);

    /** RocksDB on local disk. Local files that were written for another retention are replaced from the changelog. */
    static StoreEngine rocksDb() {
        return (name, retention, window) ->
                new FixedLayoutSupplier(Stores.persistentTimestampedWindowStore(name, retention, window, false));
    }

    /** Kafka's window store on the heap: no disk, and a full restore from the changelog at every assignment. */
    static StoreEngine memory() {
        return (name, retention, window) -> Stores.inMemoryWindowStore(name, retention, window, false);
    }

    /**
     * The engine of that name in configuration.
     *
     * @throws IllegalArgumentException if it is neither {@code rocksdb} nor {@code memory}
     */
    static StoreEngine named(String name) {
        return switch (name) {
            case "rocksdb" -> rocksDb();
            case "memory" -> memory();
            default ->
                throw new IllegalArgumentException("There is no store '" + name + "'; there are rocksdb and memory");
        };
    }
}
