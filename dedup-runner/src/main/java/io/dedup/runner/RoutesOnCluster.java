// SPDX-License-Identifier: Apache-2.0
package io.dedup.runner;

import io.dedup.config.DedupConfig;
import io.dedup.config.Route;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
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

    /**
     * The settings without the routes of which no source is there.
     *
     * @param left gets those
     */
    static Settings withoutMissing(Settings settings, Admin admin, List<Route> left) {
        Set<String> there = topics(admin);
        List<Route> routes = new ArrayList<>();
        for (Route route : ConfigurationOptions.config(settings).routes()) {
            boolean isThere = route.sources().stream().anyMatch(there::contains);
            (isThere ? routes : left).add(route);
        }
        if (routes.isEmpty()) {
            // Without any route there is nothing to run; the check names what is missing.
            left.clear();
            return settings;
        }
        return with(settings, routes);
    }

    private static Set<String> topics(Admin admin) {
        return Answers.of(admin.listTopics().names());
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
        return topic.startsWith(applicationId + "-dedup-");
    }
}
