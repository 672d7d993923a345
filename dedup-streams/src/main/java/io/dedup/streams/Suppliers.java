// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams;

import io.dedup.streams.store.SeenStore;
import java.util.Set;
import org.apache.kafka.streams.processor.api.FixedKeyProcessor;
import org.apache.kafka.streams.processor.api.FixedKeyProcessorSupplier;
import org.apache.kafka.streams.processor.api.FixedKeyRecord;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorSupplier;
import org.apache.kafka.streams.state.StoreBuilder;

/** What brings processors into a topology together with their stores. */
final class Suppliers {
    private Suppliers() {}

    /** Brings processor and store into a DSL topology. */
    record DslNode<K, V, W>(
            DedupSettings settings, Outlets outlets, Passage<FixedKeyRecord<K, V>, FixedKeyRecord<K, W>> passage)
            implements FixedKeyProcessorSupplier<K, V, W> {
        @Override
        public FixedKeyProcessor<K, V, W> get() {
            return new DedupFixedKeyProcessor<>(settings, outlets, passage);
        }

        @Override
        public Set<StoreBuilder<?>> stores() {
            return settings.stores();
        }
    }

    /** Brings the auditor and its store into a DSL topology. */
    record AuditNode(DedupSettings settings) implements ProcessorSupplier<byte[], byte[], Void, Void> {
        @Override
        public Processor<byte[], byte[], Void, Void> get() {
            return new Auditor(settings);
        }

        @Override
        public Set<StoreBuilder<?>> stores() {
            return Set.of(SeenStore.builder(
                    settings.auditStoreName(), settings.engine(), settings.policy(), settings.changelogConfigs()));
        }
    }

    /** Brings processor and store into a topology of the Processor API. */
    record Node<K, V>(DedupSettings settings, Outlets outlets) implements ProcessorSupplier<K, V, K, V> {
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
    record Guarded<K, V, L, W>(DedupSettings settings, ProcessorSupplier<K, V, L, W> supplier)
            implements ProcessorSupplier<K, V, L, W> {
        @Override
        public Processor<K, V, L, W> get() {
            return new GuardedProcessor<>(settings, supplier.get());
        }

        @Override
        public Set<StoreBuilder<?>> stores() {
            return settings.storesAnd(supplier.stores());
        }
    }

    /** Brings a guarded processor of the DSL, its stores and ours. */
    record GuardedDsl<K, V, W>(DedupSettings settings, FixedKeyProcessorSupplier<K, V, W> supplier)
            implements FixedKeyProcessorSupplier<K, V, W> {
        @Override
        public FixedKeyProcessor<K, V, W> get() {
            return new GuardedFixedKeyProcessor<>(settings, supplier.get());
        }

        @Override
        public Set<StoreBuilder<?>> stores() {
            return settings.storesAnd(supplier.stores());
        }
    }
}
