// SPDX-License-Identifier: Apache-2.0
package io.dedup.runner;

import io.dedup.config.ConfigProblem;
import io.dedup.config.ConfigProblem.Code;
import io.dedup.config.DedupConfig;
import io.dedup.config.Route;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.streams.StreamsConfig;

/** The routes of a configuration with the topics that a cluster has. */
final class RoutesOnCluster {
    private final String applicationId;
    private final Set<String> there;
    private final Set<String> taken;

    private RoutesOnCluster(Settings settings, DedupConfig config, Set<String> there) {
        this.applicationId = settings.application().getProperty(StreamsConfig.APPLICATION_ID_CONFIG);
        this.there = new TreeSet<>(there);
        this.taken = new HashSet<>(config.sources());
        taken.addAll(config.targets());
        config.deadLetterTopic().ifPresent(taken::add);
        config.duplicatesTopic().ifPresent(taken::add);
        config.controlTopic().ifPresent(taken::add);
    }

    /** The settings with topics in the place of patterns. */
    static Settings named(Settings settings, Admin admin) {
        DedupConfig config = ConfigurationOptions.config(settings);
        if (config.sources().stream().noneMatch(Route::isPattern)) {
            return settings;
        }
        RoutesOnCluster routes = new RoutesOnCluster(settings, config, topics(admin));
        return with(settings, config.routes().stream().map(routes::named).toList());
    }

    /** The patterns that stand for no topic. */
    static List<ConfigProblem> withoutTopics(DedupConfig config, DedupConfig named) {
        List<ConfigProblem> problems = new ArrayList<>();
        for (int i = 0; i < config.routes().size(); i++) {
            Route found = named.routes().get(i);
            for (String source : config.routes().get(i).sources()) {
                Route pattern = new Route(List.of(source), found.target());
                if (Route.isPattern(source) && found.sources().stream().noneMatch(pattern::reads)) {
                    problems.add(new ConfigProblem(
                            Code.PATTERN_MATCHES_NOTHING,
                            DedupConfig.ROUTES,
                            source,
                            "No topic on the cluster matches it",
                            "Correct it, or leave it if such topics come later: they are read from the next start on"));
                }
            }
        }
        return problems;
    }

    /**
     * The settings without sources that are not there, and without the routes that would have none, or not their first, under whose name
     * keys are remembered. A topic that this client may not see is not missing.
     *
     * @param left gets what is left out, each as a sentence
     */
    static Settings withoutMissing(Settings settings, Admin admin, List<String> left) {
        List<Route> routes = new ArrayList<>();
        for (Route route : ConfigurationOptions.config(settings).routes()) {
            Set<String> missing = missing(route.sources(), admin);
            List<String> sources = route.sources().stream()
                    .filter(source -> !missing.contains(source))
                    .toList();
            if (missing.contains(route.name())) {
                left.add("Left out, since its source is not there: " + route);
            } else {
                missing.forEach(source -> left.add("Left out, since it is not there: " + source + " of " + route));
                routes.add(new Route(sources, route.target()));
            }
        }
        if (routes.isEmpty()) {
            // Without any route there is nothing to run; the check names what is missing.
            left.clear();
            return settings;
        }
        return with(settings, routes);
    }

    private static Set<String> missing(List<String> topics, Admin admin) {
        Set<String> missing = new LinkedHashSet<>();
        admin.describeTopics(topics).topicNameValues().forEach((topic, answer) -> {
            try {
                AdminCalls.of(answer);
            } catch (UnknownTopicOrPartitionException notThere) {
                missing.add(topic);
            } catch (AuthorizationException hidden) {
                // The check names what this client may not see.
            }
        });
        return missing;
    }

    private static Set<String> topics(Admin admin) {
        return AdminCalls.of(admin.listTopics().names());
    }

    private static Settings with(Settings settings, List<Route> routes) {
        return settings.with(
                DedupConfig.ROUTES, routes.stream().map(Route::toString).collect(Collectors.joining(",")));
    }

    private Route named(Route route) {
        List<String> sources = new ArrayList<>();
        for (String source : route.sources()) {
            if (!Route.isPattern(source)) {
                sources.add(source);
                continue;
            }
            Route pattern = new Route(List.of(source), route.target());
            for (String topic : there) {
                if (pattern.reads(topic) && !isInternal(topic) && taken.add(topic)) {
                    sources.add(topic);
                }
            }
        }
        return new Route(sources, route.target());
    }

    private boolean isInternal(String topic) {
        // Those of Kafka, and those that Kafka Streams makes for this application and for others.
        return topic.startsWith("__")
                || topic.startsWith(applicationId + "-dedup-")
                || topic.endsWith("-changelog")
                || topic.endsWith("-repartition");
    }
}
