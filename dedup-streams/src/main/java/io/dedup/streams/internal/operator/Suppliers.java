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

/** Suppliers of the operator's nodes, which bring the store of the operator and those of what it stands in front of. */
public final class Suppliers {
    private Suppliers() {}

    /** The operator alone, for the Processor API. */
    public static <K, V> ProcessorSupplier<K, V, K, V> alone(DedupSettings settings, Children children) {
        return new Node<>(settings, () -> DedupProcessor.alone(settings, children), null);
    }

    /** The operator in front of another processor. */
    public static <K, V, L, W> ProcessorSupplier<K, V, L, W> inFrontOf(
            ProcessorSupplier<K, V, L, W> wrapped, DedupSettings settings) {
        return new Node<>(settings, () -> DedupProcessor.inFrontOf(wrapped.get(), settings), wrapped);
    }

    /**
     * The operator alone, for the DSL.
     *
     * @param mappers a new one for each task
     * @param more brings stores of its own; null if there are none
     */
    public static <K, V, W> FixedKeyProcessorSupplier<K, V, W> alone(
            DedupSettings settings,
            Children children,
            Supplier<RecordMapper<FixedKeyRecord<K, V>, FixedKeyRecord<K, W>>> mappers,
            @Nullable ConnectedStoreProvider more) {
        return new FixedKeyNode<>(
                settings, () -> DedupFixedKeyProcessor.alone(settings, children, mappers.get()), more);
    }

    /** The operator in front of another processor of the DSL. */
    public static <K, V, W> FixedKeyProcessorSupplier<K, V, W> inFrontOf(
            FixedKeyProcessorSupplier<K, V, W> wrapped, DedupSettings settings) {
        return new FixedKeyNode<>(settings, () -> DedupFixedKeyProcessor.inFrontOf(wrapped.get(), settings), wrapped);
    }

    private record Node<K, V, L, W>(
            DedupSettings settings,
            Supplier<Processor<K, V, L, W>> processors,
            @Nullable ConnectedStoreProvider more) implements ProcessorSupplier<K, V, L, W> {
        @Override
        public Processor<K, V, L, W> get() {
            return processors.get();
        }

        @Override
        public Set<StoreBuilder<?>> stores() {
            return settings.storesAnd(more == null ? null : more.stores());
        }
    }

    private record FixedKeyNode<K, V, W>(
            DedupSettings settings,
            Supplier<FixedKeyProcessor<K, V, W>> processors,
            @Nullable ConnectedStoreProvider more)
            implements FixedKeyProcessorSupplier<K, V, W> {
        @Override
        public FixedKeyProcessor<K, V, W> get() {
            return processors.get();
        }

        @Override
        public Set<StoreBuilder<?>> stores() {
            return settings.storesAnd(more == null ? null : more.stores());
        }
    }
}
