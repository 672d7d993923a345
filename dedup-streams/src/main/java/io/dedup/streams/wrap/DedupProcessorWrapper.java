// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.wrap;

import io.dedup.config.ConfigProblem;
import io.dedup.config.ConfigProblem.Code;
import io.dedup.config.DedupConfig;
import io.dedup.config.DedupConfigException;
import io.dedup.streams.Dedup;
import io.dedup.streams.errors.DedupProcessingExceptionHandler;
import io.dedup.streams.internal.WrappedTopologies;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.processor.api.FixedKeyProcessorSupplier;
import org.apache.kafka.streams.processor.api.ProcessorSupplier;
import org.apache.kafka.streams.processor.api.ProcessorWrapper;
import org.apache.kafka.streams.processor.api.WrappedFixedKeyProcessorSupplier;
import org.apache.kafka.streams.processor.api.WrappedProcessorSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Puts the operator in front of chosen processors of a topology while it is built (KIP-1112).
 *
 * <pre>
 * processor.wrapper.class=io.dedup.streams.wrap.DedupProcessorWrapper
 * dedup.wrap.nodes=charge-card
 * </pre>
 *
 * <p>Each of them is wrapped within its own node, with a store {@code dedup-NODE-seen}; names, topics and serdes of the
 * topology stay as they are. Kafka Streams reads {@code processor.wrapper.class} when the topology is <em>built</em>: from the
 * {@code TopologyConfig} that the {@code StreamsBuilder} or {@code Topology} was made with, as {@link DedupTopology} and Spring
 * do. Given only to {@code KafkaStreams} it is ignored.
 *
 * <p>Name the processors to wrap with {@code Named.as}: a store follows from the name of its node, and a generated
 * name changes when the topology does. The {@link DedupProcessingExceptionHandler} reports a wrapper that Kafka Streams ignores;
 * without it the application runs without deduplication.
 *
 * <p>Key sources and fingerprints that read a record's key or value need the application's default serdes; those that read
 * headers need nothing.
 *
 * <p>Confined to the thread that builds the topology.
 */
public final class DedupProcessorWrapper implements ProcessorWrapper {
    /** Where {@link DedupTopology} says which nodes come right after the wanted sources, and which there are. */
    static final String SURVEY = "__dedup.wrap.survey";

    /** Kafka's own supplier of what fills a table from a topic. */
    private static final String TABLE_SOURCE = "org.apache.kafka.streams.kstream.internals.KTableSource";

    private @Nullable Dedup dedup;
    /** Processors with the topics whose records are decided on there; none for all. */
    private Map<String, Set<String>> targets = Map.of();

    private Set<String> unguarded = Set.of();
    /** Whether tables are restored from their source topics, past any wrapped processor. */
    private boolean reusesSources;

    /**
     * Reads the {@code dedup.*} properties.
     *
     * @throws DedupConfigException if something is wrong with them, or they name what cannot be had here
     */
    @Override
    public void configure(Map<String, ?> configs) {
        DedupConfig config = DedupConfig.of(configs);
        WrapTargets survey = (WrapTargets) configs.get(SURVEY);
        if (survey == null && !config.wrapTopics().isEmpty()) {
            throw new DedupConfigException(List.of(new ConfigProblem(
                    Code.NOT_AVAILABLE,
                    DedupConfig.WRAP_TOPICS,
                    String.join(",", config.wrapTopics()),
                    "A wrapper alone does not see which processors come after a topic",
                    "Build the topology with DedupTopology.build, or name the processors with "
                            + DedupConfig.WRAP_NODES)));
        }
        if (survey == null && config.wrapNodes().isEmpty()) {
            throw new DedupConfigException(List.of(new ConfigProblem(
                    Code.NOTHING_TO_WRAP,
                    DedupConfig.WRAP_NODES,
                    null,
                    "The wrapper is there and guards nothing",
                    "Name processors, or remove processor.wrapper.class")));
        }
        Map<String, Set<String>> found = new TreeMap<>();
        config.wrapNodes().forEach(node -> found.put(node, Set.of()));
        targets = survey == null ? found : survey.targets();
        dedup = operator(config);
        reusesSources = reusesSources(configs.get(StreamsConfig.TOPOLOGY_OPTIMIZATION_CONFIG));
        unguarded = WrappedTopologies.begin(String.valueOf(configs.get("application.id")), targets.keySet());
    }

    /**
     * The operator.
     *
     * @throws DedupConfigException if it needs a node of its own
     */
    static Dedup operator(DedupConfig config) {
        Dedup operator = Dedup.configured(config);
        try {
            ProcessorSupplier<Object, Object, Object, Object> any = () -> record -> {};
            operator.inFrontOf(any);
        } catch (IllegalStateException unavailable) {
            DedupConfigException problem = new DedupConfigException(List.of(new ConfigProblem(
                    Code.NOT_AVAILABLE,
                    "processor.wrapper.class",
                    DedupProcessorWrapper.class.getName(),
                    String.valueOf(unavailable.getMessage()),
                    "Remove the setting")));
            problem.initCause(unavailable);
            throw problem;
        }
        return operator;
    }

    @Override
    public <K, V, L, W> WrappedProcessorSupplier<K, V, L, W> wrapProcessorSupplier(
            String name, ProcessorSupplier<K, V, L, W> supplier) {
        if (isTarget(name) && reusesSources && supplier.getClass().getName().equals(TABLE_SOURCE)) {
            throw new DedupConfigException(List.of(new ConfigProblem(
                    Code.CANNOT_WRAP,
                    StreamsConfig.TOPOLOGY_OPTIMIZATION_CONFIG,
                    StreamsConfig.REUSE_KTABLE_SOURCE_TOPICS,
                    "The processor " + name
                            + " fills a table from its source topic, and Kafka Streams would restore the table"
                            + " from that topic, past the guard",
                    "Remove " + StreamsConfig.REUSE_KTABLE_SOURCE_TOPICS
                            + " from the optimizations, or guard another processor")));
        }
        return ProcessorWrapper.asWrapped(isTarget(name) ? guard(name).inFrontOf(supplier) : supplier);
    }

    private static boolean reusesSources(@Nullable Object optimizations) {
        return optimizations != null
                && Stream.of(optimizations.toString().split(",", -1))
                        .map(String::trim)
                        .anyMatch(one -> one.equals(StreamsConfig.OPTIMIZE)
                                || one.equals(StreamsConfig.REUSE_KTABLE_SOURCE_TOPICS));
    }

    @Override
    public <K, V, W> WrappedFixedKeyProcessorSupplier<K, V, W> wrapFixedKeyProcessorSupplier(
            String name, FixedKeyProcessorSupplier<K, V, W> supplier) {
        return ProcessorWrapper.asWrappedFixedKey(isTarget(name) ? guard(name).inFrontOf(supplier) : supplier);
    }

    private boolean isTarget(String name) {
        return targets.containsKey(name);
    }

    private Dedup guard(String name) {
        if (dedup == null) {
            throw new IllegalStateException("wrapping before configure");
        }
        unguarded.remove(name);
        Set<String> topics = targets.getOrDefault(name, Set.of());
        Dedup named = dedup.withName("dedup-" + name);
        return topics.isEmpty() ? named : named.onlyFrom(topics);
    }
}
