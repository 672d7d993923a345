// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.store;

import java.time.Duration;
import org.apache.kafka.streams.state.WindowBytesStoreSupplier;

/** Makes suppliers of windowed stores that {@link SeenStore} can be built on. Thread-safe. */
public interface BucketStoreSuppliers {
    /**
     * A supplier of stores.
     *
     * @param name the store's name
     * @param retention how long the changelog is needed, in wall-clock time
     * @param window the width of a window
     */
    WindowBytesStoreSupplier supplier(String name, Duration retention, Duration window);
}
