// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams;

import io.dedup.DedupPolicy;
import io.dedup.FailurePolicy;
import io.dedup.Scope;
import io.dedup.key.Fingerprinter;
import io.dedup.key.KeyExtractor;
import io.dedup.streams.store.SeenStore;
import io.dedup.streams.store.StoreEngine;
import java.util.Set;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.streams.state.StoreBuilder;
import org.jspecify.annotations.Nullable;

/**
 * Everything a deduplicating node needs to know.
 *
 * @param name the node's name, from which those of its store and its children follow
 * @param duplicatesTopic null unless duplicates are routed
 * @param keySerde null for the application's default
 * @param valueSerde null for the application's default
 */
record DedupSettings(
        String name,
        KeyExtractor keyExtractor,
        DedupPolicy policy,
        Fingerprinter fingerprinter,
        Scope scope,
        @Nullable String duplicatesTopic,
        StoreEngine engine,
        FailurePolicy failurePolicy,
        @Nullable Serde<?> keySerde,
        @Nullable Serde<?> valueSerde) {

    DedupSettings withName(String newName) {
        return new DedupSettings(
                newName,
                keyExtractor,
                policy,
                fingerprinter,
                scope,
                duplicatesTopic,
                engine,
                failurePolicy,
                keySerde,
                valueSerde);
    }

    DedupSettings withPolicy(DedupPolicy newPolicy) {
        return new DedupSettings(
                name,
                keyExtractor,
                newPolicy,
                fingerprinter,
                scope,
                duplicatesTopic,
                engine,
                failurePolicy,
                keySerde,
                valueSerde);
    }

    DedupSettings withFingerprinter(Fingerprinter newFingerprinter) {
        return new DedupSettings(
                name,
                keyExtractor,
                policy,
                newFingerprinter,
                scope,
                duplicatesTopic,
                engine,
                failurePolicy,
                keySerde,
                valueSerde);
    }

    DedupSettings withScope(Scope newScope) {
        return new DedupSettings(
                name,
                keyExtractor,
                policy,
                fingerprinter,
                newScope,
                duplicatesTopic,
                engine,
                failurePolicy,
                keySerde,
                valueSerde);
    }

    DedupSettings withDuplicatesTopic(String newDuplicatesTopic) {
        return new DedupSettings(
                name,
                keyExtractor,
                policy,
                fingerprinter,
                scope,
                newDuplicatesTopic,
                engine,
                failurePolicy,
                keySerde,
                valueSerde);
    }

    DedupSettings withEngine(StoreEngine newEngine) {
        return new DedupSettings(
                name,
                keyExtractor,
                policy,
                fingerprinter,
                scope,
                duplicatesTopic,
                newEngine,
                failurePolicy,
                keySerde,
                valueSerde);
    }

    DedupSettings withFailurePolicy(FailurePolicy newFailurePolicy) {
        return new DedupSettings(
                name,
                keyExtractor,
                policy,
                fingerprinter,
                scope,
                duplicatesTopic,
                engine,
                newFailurePolicy,
                keySerde,
                valueSerde);
    }

    /** Serdes that were set before stay as they are. */
    DedupSettings withSerdes(@Nullable Serde<?> keys, @Nullable Serde<?> values) {
        return new DedupSettings(
                name,
                keyExtractor,
                policy,
                fingerprinter,
                scope,
                duplicatesTopic,
                engine,
                failurePolicy,
                keySerde == null ? keys : keySerde,
                valueSerde == null ? values : valueSerde);
    }

    String storeName() {
        return name + "-seen";
    }

    /** A new set with one new builder, as Kafka Streams wants it. */
    Set<StoreBuilder<?>> stores() {
        return Set.of(SeenStore.builder(storeName(), engine, policy));
    }
}
