// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.dsl;

import io.dedup.Action;
import io.dedup.Partitioning;
import io.dedup.Verdict;
import io.dedup.streams.internal.KeyPartitioner;
import io.dedup.streams.internal.SourcePartitioner;
import io.dedup.streams.internal.audit.AuditSampler;
import io.dedup.streams.internal.audit.AuditorSupplier;
import io.dedup.streams.internal.operator.Children;
import io.dedup.streams.internal.operator.DedupSettings;
import io.dedup.streams.internal.operator.OutcomeMapper;
import io.dedup.streams.internal.operator.ProcessorMapper;
import io.dedup.streams.internal.operator.RecordMapper;
import io.dedup.streams.internal.operator.Suppliers;
import io.dedup.streams.target.Target;
import java.util.function.Supplier;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.Named;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.Repartitioned;
import org.apache.kafka.streams.kstream.ValueMapperWithKey;
import org.apache.kafka.streams.processor.ConnectedStoreProvider;
import org.apache.kafka.streams.processor.api.FixedKeyProcessorSupplier;
import org.apache.kafka.streams.processor.api.FixedKeyRecord;
import org.jspecify.annotations.Nullable;

/** Puts an operator, and what its settings need around it, into a topology of the DSL. */
public record DslWiring(DedupSettings settings) {
    /**
     * The operator behind that stream.
     *
     * @param duplicatesTopic null unless duplicates are routed
     * @return what is let through
     */
    public <K, V> KStream<K, V> apply(KStream<K, V> stream, @Nullable String duplicatesTopic) {
        DslGraph<K, V> splice = DslGraph.of(stream);
        DedupSettings typed = settings.forStream(splice.keys(), splice.values());
        String duplicatesChild = settings.name() + "-duplicates";
        Children outlets =
                duplicatesTopic == null ? Children.ALL_CHILDREN : new Children(forwardedChild(), duplicatesChild);

        KStream<K, V> met = isByKey() ? routed(stream, typed) : stream;
        KStream<K, V> judged = met.processValues(
                Suppliers.<K, V, V>alone(typed, outlets, RecordMapper::unchanged, null), Named.as(settings.name()));
        complete(met, judged, typed);
        KStream<K, V> forwarded =
                isByKey() ? withAnyPartition(met) : met.peek((key, value) -> {}, Named.as(forwardedChild()));
        DslGraph.of(met).move(forwarded, judged);
        if (duplicatesTopic != null) {
            judged.to(
                    duplicatesTopic,
                    Produced.with(splice.keys(), splice.values()).withName(duplicatesChild));
        }
        return forwarded;
    }

    /** The operator between that stream and a topic. */
    public <K, V> void relay(KStream<K, V> stream, Target target, @Nullable String duplicatesTopic) {
        DslGraph<K, V> splice = DslGraph.of(stream);
        Produced<K, V> produced = Produced.with(splice.keys(), splice.values());
        apply(stream, duplicatesTopic)
                .to(
                        target.topic(),
                        target.keepsPartition() ? produced.withStreamPartitioner(new SourcePartitioner<>()) : produced);
    }

    /** The operator behind that stream, answering duplicates with the outcome of their first. */
    public <K, V, W> KStream<K, W> mapOnce(
            KStream<K, V> stream, ValueMapperWithKey<? super K, ? super V, ? extends W> mapper, Serde<W> outcomeSerde) {
        return mapOnce(stream, () -> new OutcomeMapper<>(mapper, outcomeSerde), null);
    }

    /** The same with a processor. */
    public <K, V, W> KStream<K, W> mapOnce(
            KStream<K, V> stream,
            FixedKeyProcessorSupplier<K, V, W> supplier,
            Serde<W> outcomeSerde,
            String... storeNames) {
        return mapOnce(stream, () -> new ProcessorMapper<>(supplier.get(), outcomeSerde), supplier, storeNames);
    }

    private <K, V, W> KStream<K, W> mapOnce(
            KStream<K, V> stream,
            Supplier<RecordMapper<FixedKeyRecord<K, V>, FixedKeyRecord<K, W>>> passages,
            @Nullable ConnectedStoreProvider more,
            String... storeNames) {
        DslGraph<K, V> splice = DslGraph.of(stream);
        DedupSettings typed = settings.forStream(splice.keys(), splice.values()).with(draft -> {
            draft.policy = settings.policy().withAction(Verdict.DUPLICATE, Action.REPLAY_OUTCOME);
            draft.storesOutcomes = true;
        });
        KStream<K, V> met = isByKey() ? routed(stream, typed) : stream;
        KStream<K, W> answered = met.processValues(
                Suppliers.alone(typed, Children.ALL_CHILDREN, passages, more), Named.as(settings.name()), storeNames);
        complete(met, answered, typed);
        return isByKey() ? withAnyPartition(answered) : answered;
    }

    /** Finishes the node of the operator, which was made behind {@code met}. */
    private <K, V> void complete(KStream<K, V> met, KStream<?, ?> node, DedupSettings typed) {
        DslGraph.of(node).keepInPlace();
        if (settings.auditShare() > 0) {
            audit(met, typed);
        }
        String topic = settings.controlTopic();
        if (topic != null) {
            DslGraph.of(met).alsoInto(node, topic, "dedup-control-" + topic);
        }
    }

    private <K, V> void audit(KStream<K, V> stream, DedupSettings typed) {
        if (isByKey()) {
            throw new IllegalStateException("With a repartition by key there is nothing to audit");
        }
        String audit = settings.name() + "-audit";
        KStream<byte[], byte[]> samples =
                stream.process(() -> new AuditSampler<K, V>(typed), Named.as(audit + "-sample"));
        DslGraph.of(samples).keepInPlace();
        samples.repartition(Repartitioned.with(Serdes.ByteArray(), Serdes.ByteArray())
                        .withName(audit))
                .process(new AuditorSupplier(typed), Named.as(audit));
    }

    private boolean isByKey() {
        return settings.partitioning() == Partitioning.BY_KEY;
    }

    private String forwardedChild() {
        return settings.name() + "-forwarded";
    }

    /** Says that records are not on the partitions of their own keys, so that what needs that repartitions. */
    private <K, W> KStream<K, W> withAnyPartition(KStream<K, W> stream) {
        return stream.selectKey((key, value) -> key, Named.as(forwardedChild()));
    }

    /** The stream after a repartition by idempotency key, in which records keep their own keys. */
    @SuppressWarnings("unchecked") // the serdes are the stream's
    private static <K, V> KStream<K, V> routed(KStream<K, V> stream, DedupSettings typed) {
        KStream<K, V> routed =
                stream.process(() -> new RepartitionProcessor<K, V>(typed), Named.as(typed.name() + "-by-key"));
        DslGraph.of(routed).keepInPlace();
        return routed.repartition(Repartitioned.with((Serde<K>) typed.keySerde(), (Serde<V>) typed.valueSerde())
                .withName(typed.name())
                .withStreamPartitioner(new KeyPartitioner<>()));
    }
}
