// SPDX-License-Identifier: Apache-2.0
package io.dedup.runner;

import io.dedup.Scope;
import io.dedup.config.DedupConfig;
import io.dedup.config.Route;
import io.dedup.streams.Dedup;
import io.dedup.streams.target.Target;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.kstream.Consumed;

/** From topics to topics with the operator in between, bytes untouched. */
final class RelayTopology {
    private RelayTopology() {}

    /** The operator of a route. Its name is that of the first source: a source that is added behind it finds what is remembered. */
    static Dedup operator(DedupConfig config, Route route) {
        Dedup dedup = Dedup.configured(config).withName(nameOf(route));
        boolean joins = route.sources().size() > 1 && config.scope().equals(Scope.topic());
        return joins ? dedup.withScope(Scope.ofTopics(route.sources())) : dedup;
    }

    /** The name of the operator. */
    static String nameOf(Route route) {
        return "dedup-" + route.name();
    }

    /** The changelog of what an operator remembers that has the name of that source. */
    static String changelogOf(String applicationId, String source) {
        return applicationId + "-dedup-" + source + "-seen-changelog";
    }

    /** The topic that the records of a route go through on their way, if keys are to decide their partitions. */
    static String repartitionOf(String applicationId, Route route) {
        return applicationId + "-" + nameOf(route) + "-repartition";
    }

    static Topology build(DedupConfig config) {
        StreamsBuilder builder = new StreamsBuilder();
        for (Route route : config.routes()) {
            operator(config, route)
                    .relay(
                            builder.stream(route.sources(), Consumed.with(Serdes.ByteArray(), Serdes.ByteArray())),
                            Target.configured(route.target(), config));
        }
        return builder.build();
    }
}
