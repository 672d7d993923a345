// SPDX-License-Identifier: Apache-2.0
package io.dedup.runner;

import io.dedup.Action;
import io.dedup.DedupPolicy;
import io.dedup.Verdict;
import io.dedup.config.DedupConfig;
import io.dedup.config.Route;
import io.dedup.streams.internal.store.SeenStores;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Properties;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.TopologyDescription;
import org.apache.kafka.streams.TopologyDescription.Node;
import org.apache.kafka.streams.TopologyDescription.Sink;
import org.apache.kafka.streams.TopologyDescription.Source;
import org.apache.kafka.streams.TopologyDescription.Subtopology;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Says what a configuration means. */
@Command(
        name = "explain",
        mixinStandardHelpOptions = true,
        description = {
            "Says what a configuration means.",
            "Says what a configuration means: the settings as resolved, without secrets, what happens to each "
                    + "kind of record, what is kept where and how long, and the topology as a Mermaid diagram. Does not "
                    + "ask the cluster."
        })
final class ExplainCommand implements Callable<Integer> {
    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private CommandSpec spec;

    @Mixin
    private ConfigurationOptions options = new ConfigurationOptions();

    @Override
    public Integer call() {
        Settings settings = options.checked(spec.commandLine().getErr());
        DedupConfig config = ConfigurationOptions.config(settings);
        PrintWriter out = spec.commandLine().getOut();
        settings(settings.application(), out);
        records(config, out);
        memory(settings.application(), config, out);
        diagram(RelayTopology.build(config).describe(), out);
        out.flush();
        return ExitCode.DONE;
    }

    private static void settings(Properties application, PrintWriter out) {
        out.println("Settings");
        for (String key : new TreeSet<>(application.stringPropertyNames())) {
            out.println("  " + key + "=" + Settings.shown(key, application.getProperty(key)));
        }
    }

    private static void records(DedupConfig config, PrintWriter out) {
        DedupPolicy policy = config.policy();
        out.println();
        out.println("What happens to a record, in mode " + policy.mode().text());
        for (Verdict verdict : Verdict.values()) {
            if (!policy.canReach(verdict)) {
                continue;
            }
            String place = switch (policy.actionFor(verdict)) {
                case DEAD_LETTER -> " to " + config.deadLetterTopic().orElse("?");
                case DUPLICATES_TOPIC -> " to " + config.duplicatesTopic().orElse("?");
                default -> "";
            };
            out.printf(
                    Locale.ROOT,
                    "  %-12s %s%s%n",
                    verdict.text(),
                    policy.actionFor(verdict).text(),
                    place);
        }
        String unwritable = config.onUnwritable() == Action.DEAD_LETTER
                ? " to " + config.deadLetterTopic().orElse("?")
                : "";
        out.printf(
                Locale.ROOT,
                "  %-12s %s%s: what the topic it goes to would refuse%n",
                "unwritable",
                config.onUnwritable().text(),
                unwritable);
    }

    private static void memory(Properties application, DedupConfig config, PrintWriter out) {
        DedupPolicy policy = config.policy();
        out.println();
        out.println("What is remembered");
        out.println("  a key for    " + policy.ttl() + " from the time of its first, and up to "
                + policy.allowedLateness() + " more for records that are late");
        out.println("  on disk for  " + SeenStores.held(policy) + " at most, in the store " + config.store() + " under "
                + application.getProperty(StreamsConfig.STATE_DIR_CONFIG));
        String id = application.getProperty(StreamsConfig.APPLICATION_ID_CONFIG);
        for (Route route : config.routes()) {
            out.println("  changelog    " + RelayTopology.changelogOf(id, route.name()) + ", kept for "
                    + SeenStores.retention(policy) + " and a day");
        }
    }

    private static void diagram(TopologyDescription description, PrintWriter out) {
        out.println();
        out.println("Topology, for a Mermaid viewer");
        out.println("  flowchart LR");
        List<String> edges = new ArrayList<>();
        for (Subtopology part : description.subtopologies()) {
            for (Node node : part.nodes()) {
                if (node instanceof Source source && source.topicSet() != null) {
                    source.topicSet().forEach(topic -> edges.add(topic(topic) + " --> " + id(node)));
                }
                if (node instanceof Sink sink && sink.topic() != null) {
                    edges.add(id(node) + " --> " + topic(sink.topic()));
                }
                node.successors().forEach(next -> edges.add(id(node) + " --> " + id(next)));
            }
        }
        edges.stream().sorted().forEach(edge -> out.println("    " + edge));
    }

    private static String id(Node node) {
        return node.name().replaceAll("[^A-Za-z0-9]", "_") + "[" + node.name() + "]";
    }

    private static String topic(String topic) {
        return "t_" + topic.replaceAll("[^A-Za-z0-9]", "_") + "[(" + topic + ")]";
    }
}
