// SPDX-License-Identifier: Apache-2.0
package io.dedup.runner;

import io.dedup.config.DedupConfig;
import io.dedup.streams.Dedup;
import io.dedup.streams.Target;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.kstream.Consumed;

/** From topic to topic with the operator in between, bytes untouched. */
final class RelayTopology {
    private RelayTopology() {}

    /** The operators by their source topics. */
    static Map<String, Dedup> operators(DedupConfig config) {
        Map<String, Dedup> operators = new LinkedHashMap<>();
        config.routes()
                .keySet()
                .forEach(
                        source -> operators.put(source, Dedup.configured(config).withName("dedup-" + source)));
        return operators;
    }

    static Topology build(DedupConfig config) {
        StreamsBuilder builder = new StreamsBuilder();
        operators(config)
                .forEach((source, dedup) -> dedup.relay(
                        builder.stream(source, Consumed.with(Serdes.ByteArray(), Serdes.ByteArray())),
                        Target.configured(config.routes().getOrDefault(source, ""), config)));
        return builder.build();
    }
}
