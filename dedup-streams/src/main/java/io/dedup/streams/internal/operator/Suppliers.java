// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.operator;

import java.util.Set;
import java.util.function.Supplier;
import org.apache.kafka.streams.processor.ConnectedStoreProvider;
import org.apache.kafka.streams.processor.api.FixedKeyProcessor;
import org.apache.kafka.streams.processor.api.FixedKeyProcessorSupplier;
import org.apache.kafka.streams.processor.api.FixedKeyRecord;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorSupplier;
import org.apache.kafka.streams.state.StoreBuilder;
import org.jspecify.annotations.Nullable;

/** What brings processors into a topology together with their stores. */
public final class Suppliers {
    private Suppliers() {}

    /**
     * Brings processor and store into a DSL topology.
     *
     * @param passages a new one for each task
     * @param more brings stores of its own; null if there are none
     */
    public record DslNode<K, V, W>(
            DedupSettings settings,
            Children outlets,
            Supplier<RecordMapper<FixedKeyRecord<K, V>, FixedKeyRecord<K, W>>> passages,
            @Nullable ConnectedStoreProvider more)
            implements FixedKeyProcessorSupplier<K, V, W> {
        @Override
        public FixedKeyProcessor<K, V, W> get() {
            return new DedupFixedKeyProcessor<>(settings, outlets, passages.get());
        }

        @Override
        public Set<StoreBuilder<?>> stores() {
            return more == null ? settings.stores() : settings.storesAnd(more.stores());
        }
    }

    /** Brings processor and store into a topology of the Processor API. */
    public record Node<K, V>(DedupSettings settings, Children outlets) implements ProcessorSupplier<K, V, K, V> {
        @Override
        public Processor<K, V, K, V> get() {
            return new DedupProcessor<>(settings, outlets);
        }

        @Override
        public Set<StoreBuilder<?>> stores() {
            return settings.stores();
        }
    }

    /** Brings a guarded processor, its stores and ours. */
    public record Guarded<K, V, L, W>(DedupSettings settings, ProcessorSupplier<K, V, L, W> supplier)
            implements ProcessorSupplier<K, V, L, W> {
        @Override
        public Processor<K, V, L, W> get() {
            return new WrappedProcessor<>(settings, supplier.get());
        }

        @Override
        public Set<StoreBuilder<?>> stores() {
            return settings.storesAnd(supplier.stores());
        }
    }

    /** Brings a guarded processor of the DSL, its stores and ours. */
    public record GuardedDsl<K, V, W>(DedupSettings settings, FixedKeyProcessorSupplier<K, V, W> supplier)
            implements FixedKeyProcessorSupplier<K, V, W> {
        @Override
        public FixedKeyProcessor<K, V, W> get() {
            return new WrappedFixedKeyProcessor<>(settings, supplier.get());
        }

        @Override
        public Set<StoreBuilder<?>> stores() {
            return settings.storesAnd(supplier.stores());
        }
    }
}
