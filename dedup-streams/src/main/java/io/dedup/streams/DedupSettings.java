// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams;

import io.dedup.Coordinates;
import io.dedup.DedupPolicy;
import io.dedup.FailurePolicy;
import io.dedup.Partitioning;
import io.dedup.Scope;
import io.dedup.key.Fingerprinter;
import io.dedup.key.KeyExtractor;
import io.dedup.key.RecordView;
import io.dedup.streams.store.SeenStore;
import io.dedup.streams.store.StoreEngine;
import java.util.Set;
import java.util.function.Supplier;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.streams.processor.api.ProcessingContext;
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
        Partitioning partitioning,
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
                partitioning,
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
                partitioning,
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
                partitioning,
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
                partitioning,
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
                partitioning,
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
                partitioning,
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
                partitioning,
                keySerde,
                valueSerde);
    }

    DedupSettings withPartitioning(Partitioning newPartitioning) {
        return new DedupSettings(
                name,
                keyExtractor,
                policy,
                fingerprinter,
                scope,
                duplicatesTopic,
                engine,
                failurePolicy,
                newPartitioning,
                keySerde,
                valueSerde);
    }

    private DedupSettings withKeySerde(Serde<?> newKeySerde) {
        return new DedupSettings(
                name,
                keyExtractor,
                policy,
                fingerprinter,
                scope,
                duplicatesTopic,
                engine,
                failurePolicy,
                partitioning,
                newKeySerde,
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
                partitioning,
                keySerde == null ? keys : keySerde,
                valueSerde == null ? values : valueSerde);
    }

    /** For a stream with those serdes, of which those that were set before are not replaced. */
    DedupSettings forStream(@Nullable Serde<?> keys, @Nullable Serde<?> values) {
        DedupSettings typed = withSerdes(keys, values);
        return partitioning == Partitioning.BY_KEY ? typed.withKeySerde(new RouteKeySerde<>(typed.keySerde())) : typed;
    }

    String storeName() {
        return name + "-seen";
    }

    /** A new set with one new builder, as Kafka Streams wants it. */
    Set<StoreBuilder<?>> stores() {
        return Set.of(SeenStore.builder(storeName(), engine, policy));
    }

    /** Takes the application's serdes where the stream has none of its own; to be called when a node is initialised. */
    void resolveSerdes(ProcessingContext context) {
        if (keySerde instanceof RouteKeySerde<?> route) {
            route.orElse(context::keySerde);
        }
    }

    /**
     * A record as key extractors see it, whatever types its key and value have here.
     *
     * @param at where it stands; null if unknown
     */
    RecordView view(
            @Nullable Coordinates at,
            Headers headers,
            @Nullable Object key,
            @Nullable Object value,
            ProcessingContext context) {
        String topic = at == null ? name : at.topic();
        return RecordView.lazily(
                headers,
                () -> bytes(topic, key, keySerde, context::keySerde),
                () -> bytes(topic, value, valueSerde, context::valueSerde));
    }

    @SuppressWarnings("unchecked") // the serde is the stream's own, or the application's for all streams
    private static byte @Nullable [] bytes(
            String topic, @Nullable Object data, @Nullable Serde<?> own, Supplier<Serde<?>> applications) {
        if (data == null) {
            return null;
        }
        if (data instanceof byte[] bytes) {
            return bytes;
        }
        Serde<Object> serde = (Serde<Object>) (own == null ? applications.get() : own);
        return serde.serializer().serialize(topic, data);
    }
}
