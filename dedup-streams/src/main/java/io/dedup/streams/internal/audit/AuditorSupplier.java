// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.audit;

import io.dedup.streams.internal.operator.DedupSettings;
import io.dedup.streams.internal.store.SeenStores;
import java.util.Set;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorSupplier;
import org.apache.kafka.streams.state.StoreBuilder;

/** Brings the auditor and its store into a DSL topology. */
public record AuditorSupplier(DedupSettings settings) implements ProcessorSupplier<byte[], byte[], Void, Void> {
    @Override
    public Processor<byte[], byte[], Void, Void> get() {
        return new Auditor(settings);
    }

    @Override
    public Set<StoreBuilder<?>> stores() {
        return Set.of(SeenStores.builder(
                settings.auditStoreName(), settings.engine(), settings.policy(), settings.changelogConfigs()));
    }
}
