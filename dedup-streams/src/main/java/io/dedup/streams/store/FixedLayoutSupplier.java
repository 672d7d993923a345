// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.store;

import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.state.WindowBytesStoreSupplier;
import org.apache.kafka.streams.state.WindowStore;

/** Supplies the stores of another supplier as {@link FixedLayoutStore}s. */
record FixedLayoutSupplier(WindowBytesStoreSupplier supplier) implements WindowBytesStoreSupplier {
    @Override
    public String name() {
        return supplier.name();
    }

    @Override
    public WindowStore<Bytes, byte[]> get() {
        return new FixedLayoutStore(supplier.get(), supplier.segmentIntervalMs());
    }

    @Override
    public String metricsScope() {
        return supplier.metricsScope();
    }

    @Override
    public long segmentIntervalMs() {
        return supplier.segmentIntervalMs();
    }

    @Override
    public long windowSize() {
        return supplier.windowSize();
    }

    @Override
    public boolean retainDuplicates() {
        return supplier.retainDuplicates();
    }

    @Override
    public long retentionPeriod() {
        return supplier.retentionPeriod();
    }
}
