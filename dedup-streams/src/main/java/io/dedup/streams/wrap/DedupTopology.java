// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.wrap;

import io.dedup.config.ConfigProblem;
import io.dedup.config.ConfigProblem.Code;
import io.dedup.config.DedupConfig;
import io.dedup.config.DedupConfigException;
import io.dedup.streams.errors.DedupTimestampExtractor;
import io.dedup.streams.internal.WrappedTopologies;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Function;
import org.apache.kafka.common.utils.Utils;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.TopologyConfig;

/**
 * Builds a topology with the operator in front of some of its processors, as {@code dedup.*} properties say.
 *
 * <pre>{@code
 * // dedup.wrap.topics=orders
 * Topology topology = DedupTopology.build(properties, builder ->
 *         builder.<String, Order>stream("orders").foreach((id, order) -> charge(order)));
 * new KafkaStreams(topology, properties).start();
 * }</pre>
 *
 * <p>{@code dedup.wrap.topics} wraps the processors right after these sources, {@code dedup.wrap.nodes} these processors. The
 * topology is built twice, the first time to find out what comes after a topic, so its definition is called twice and has to
 * give the same both times.
 *
 * <p>A table's source cannot be wrapped under {@code topology.optimization=all}: Kafka Streams would restore the table from the topic
 * itself, past the operator.
 *
 * <p>Where the properties name no {@code default.timestamp.extractor}, they get {@link io.dedup.streams.errors.DedupTimestampExtractor}, so that
 * a record without a time gets a verdict, and does not stop the application.
 *
 * <p>Where several processors come right after a source, each of them has a store of its own and decides for itself.
 *
 * <p>Thread-safe.
 */
public final class DedupTopology {
    private DedupTopology() {}

    /**
     * Builds a topology of the DSL.
     *
     * @param properties those of the application; {@code processor.wrapper.class} need not be among them
     * @param definition defines the topology with the builder that it is given
     * @throws DedupConfigException if the properties are wrong, or name a topic or a processor that is not there or cannot be
     *     wrapped; with everything that is wrong
     */
    public static Topology build(Properties properties, Consumer<StreamsBuilder> definition) {
        return twice(properties, config -> {
            StreamsBuilder builder = new StreamsBuilder(config);
            definition.accept(builder);
            return builder.build(properties);
        });
    }

    /**
     * Builds a topology of the Processor API.
     *
     * @param properties as for {@link #build}
     * @param definition adds to the topology that it is given
     * @throws DedupConfigException as for {@link #build}
     */
    public static Topology assemble(Properties properties, Consumer<Topology> definition) {
        return twice(properties, config -> {
            Topology topology = new Topology(config);
            definition.accept(topology);
            return topology;
        });
    }

    private static Topology twice(Properties properties, Function<TopologyConfig, Topology> building) {
        properties.putIfAbsent(
                StreamsConfig.DEFAULT_TIMESTAMP_EXTRACTOR_CLASS_CONFIG, DedupTimestampExtractor.class.getName());
        Map<String, Object> plain = new HashMap<>(Utils.propsToMap(properties));
        Object wrapper = plain.remove(StreamsConfig.PROCESSOR_WRAPPER_CLASS_CONFIG);
        if (wrapper != null && !isOurs(wrapper)) {
            throw new DedupConfigException(List.of(new ConfigProblem(
                    Code.NOT_AVAILABLE,
                    StreamsConfig.PROCESSOR_WRAPPER_CLASS_CONFIG,
                    String.valueOf(wrapper),
                    "A topology has one wrapper, and here it is " + DedupProcessorWrapper.class.getName(),
                    "Remove the property, or build the operator into the topology with Dedup.apply")));
        }
        DedupConfig config = DedupConfig.of(plain);
        DedupProcessorWrapper.operator(config);
        WrapTargets survey = WrapTargets.of(building.apply(config(plain)), config);
        Map<String, Object> guarded = new HashMap<>(plain);
        guarded.put(StreamsConfig.PROCESSOR_WRAPPER_CLASS_CONFIG, DedupProcessorWrapper.class);
        guarded.put(DedupProcessorWrapper.SURVEY, survey);
        Topology topology = building.apply(config(guarded));
        Set<String> missing =
                WrappedTopologies.unguarded(String.valueOf(plain.get(StreamsConfig.APPLICATION_ID_CONFIG)));
        if (!missing.isEmpty()) {
            throw new DedupConfigException(List.of(new ConfigProblem(
                    Code.CANNOT_WRAP,
                    DedupConfig.WRAP_NODES,
                    String.join(",", missing),
                    "Kafka Streams does not let this be wrapped, or the definition did not give it the second time",
                    "Guard what comes before or after it, and define the same topology at every call")));
        }
        return topology;
    }

    private static boolean isOurs(Object wrapper) {
        String name = wrapper instanceof Class<?> type ? type.getName() : wrapper.toString();
        return name.equals(DedupProcessorWrapper.class.getName());
    }

    private static TopologyConfig config(Map<String, Object> properties) {
        return new TopologyConfig(new StreamsConfig(properties));
    }
}
