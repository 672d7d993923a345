// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.wrap;

import io.dedup.Scope;
import io.dedup.config.ConfigProblem;
import io.dedup.config.ConfigProblem.Code;
import io.dedup.config.DedupConfig;
import io.dedup.config.DedupConfigException;
import io.dedup.config.Spelling;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.TopologyDescription;
import org.apache.kafka.streams.TopologyDescription.GlobalStore;
import org.apache.kafka.streams.TopologyDescription.Node;
import org.apache.kafka.streams.TopologyDescription.Sink;
import org.apache.kafka.streams.TopologyDescription.Source;
import org.apache.kafka.streams.TopologyDescription.Subtopology;

/**
 * The nodes of a topology that are to be wrapped, found in a topology that was built without the wrapper.
 *
 * @param targets the names of processors, each with the topics whose records are decided on there; none for all
 */
record WrapTargets(Map<String, Set<String>> targets) {
    WrapTargets {
        targets = Map.copyOf(targets);
    }

    /**
     * Finds the processors that the configuration names.
     *
     * @throws DedupConfigException if it names something that is not there or cannot be wrapped, with everything that is wrong
     */
    static WrapTargets of(Topology topology, DedupConfig config) {
        Finding finding = new Finding(topology.describe());
        config.wrapTopics().forEach(finding::afterTopic);
        config.wrapNodes().forEach(finding::node);
        if (config.wrapTopics().isEmpty() && config.wrapNodes().isEmpty()) {
            finding.problems.add(new ConfigProblem(
                    Code.NOTHING_TO_WRAP,
                    DedupConfig.WRAP_TOPICS,
                    null,
                    "Nothing is to be guarded",
                    "Name topics, or processors with " + DedupConfig.WRAP_NODES));
        }
        if (!config.scope().equals(Scope.topic())) {
            finding.scope(config.scope());
        }
        if (!finding.problems.isEmpty()) {
            throw new DedupConfigException(finding.problems);
        }
        return new WrapTargets(finding.targets);
    }

    private static final class Finding {
        private final Map<String, Node> nodes = new TreeMap<>();
        private final Set<String> global = new TreeSet<>();
        private final Map<String, Set<String>> targets = new TreeMap<>();
        private final List<ConfigProblem> problems = new ArrayList<>();

        Finding(TopologyDescription description) {
            for (Subtopology part : description.subtopologies()) {
                part.nodes().forEach(node -> nodes.put(node.name(), node));
            }
            for (GlobalStore store : description.globalStores()) {
                global.add(store.processor().name());
                global.add(store.source().name());
            }
        }

        void afterTopic(String topic) {
            boolean found = false;
            Set<String> topics = new TreeSet<>();
            for (Node node : nodes.values()) {
                if (node instanceof Source source) {
                    if (source.topicSet() != null) {
                        topics.addAll(source.topicSet());
                    }
                    if (reads(source, topic)) {
                        found = true;
                        after(topic, source);
                    }
                }
            }
            if (!found) {
                problems.add(new ConfigProblem(
                        Code.NOTHING_TO_WRAP,
                        DedupConfig.WRAP_TOPICS,
                        topic,
                        "The topology does not read this topic",
                        nearest(topic, topics, "It reads " + topics)));
            }
        }

        private static boolean reads(Source source, String topic) {
            return source.topicPattern() == null
                    ? source.topicSet().contains(topic)
                    : source.topicPattern().matcher(topic).matches();
        }

        private void after(String topic, Source source) {
            for (Node next : source.successors()) {
                if (next instanceof Sink) {
                    problems.add(new ConfigProblem(
                            Code.CANNOT_WRAP,
                            DedupConfig.WRAP_TOPICS,
                            topic,
                            "The source " + source.name() + " goes straight to the sink " + next.name()
                                    + ", and there is no processor in between that could be guarded",
                            "Put one there, as with peek((key, value) -> {})"));
                } else {
                    targets.computeIfAbsent(next.name(), unseen -> new TreeSet<>())
                            .add(topic);
                }
            }
        }

        /** What is wrapped behind different topics remembers by itself, and a key of that scope is one operation on all of them. */
        void scope(Scope scope) {
            Set<Set<String>> guarded = new HashSet<>(targets.values());
            guarded.remove(Set.<String>of());
            if (guarded.size() > 1) {
                List<String> topics = guarded.stream()
                        .flatMap(Set::stream)
                        .distinct()
                        .sorted()
                        .toList();
                problems.add(new ConfigProblem(
                        Code.SCOPE_OVER_ROUTES,
                        DedupConfig.SCOPE,
                        scope.toString(),
                        "Different processors are guarded behind " + topics
                                + ", and each remembers by itself, so that a key"
                                + " would be let through once by each",
                        "Merge the streams in front of what is guarded, or set " + DedupConfig.SCOPE
                                + "=topic, and put what keys are unique within into " + DedupConfig.KEY
                                + ", as in header:tenant + header:id"));
            }
        }

        void node(String name) {
            Node node = nodes.get(name);
            if (node instanceof Source) {
                cannotWrap(name, "This is a source", "Name its topic with " + DedupConfig.WRAP_TOPICS);
            } else if (node instanceof Sink) {
                Set<String> before = new TreeSet<>();
                node.predecessors().forEach(predecessor -> before.add(predecessor.name()));
                cannotWrap(name, "This is a sink", "Name what is before it, " + before + ", which it guards as well");
            } else if (global.contains(name)) {
                cannotWrap(name, "This belongs to a global store, which every instance reads whole", "Remove it");
            } else if (node == null) {
                Set<String> names = new TreeSet<>(nodes.keySet());
                problems.add(new ConfigProblem(
                        Code.NOTHING_TO_WRAP,
                        DedupConfig.WRAP_NODES,
                        name,
                        "The topology has no processor of this name",
                        nearest(name, names, "It has " + names)));
            } else {
                targets.put(name, Set.of());
            }
        }

        private void cannotWrap(String name, String message, String fix) {
            problems.add(new ConfigProblem(Code.CANNOT_WRAP, DedupConfig.WRAP_NODES, name, message, fix));
        }

        private static String nearest(String wrong, Set<String> known, String otherwise) {
            return Spelling.nearest(wrong, known)
                    .map(nearest -> "Did you mean " + nearest + "?")
                    .orElse(otherwise);
        }
    }
}
