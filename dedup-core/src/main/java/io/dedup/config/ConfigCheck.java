// SPDX-License-Identifier: Apache-2.0
package io.dedup.config;

import io.dedup.Action;
import io.dedup.Mode;
import io.dedup.Partitioning;
import io.dedup.Scope;
import io.dedup.Verdict;
import io.dedup.config.ConfigProblem.Code;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.ConfigValue;

/** Finds everything that is wrong with a set of properties: unknown keys, unusable values, contradictions. */
final class ConfigCheck {
    private final Map<String, ?> properties;
    private final Map<String, String> ours;
    private final List<ConfigProblem> problems = new ArrayList<>();

    private ConfigCheck(Map<String, ?> properties) {
        this.properties = properties;
        this.ours = DedupKeys.ours(properties);
    }

    static List<ConfigProblem> problems(Map<String, ?> properties) {
        ConfigCheck check = new ConfigCheck(properties);
        check.unknownKeys();
        check.values();
        if (check.problems.isEmpty()) {
            check.contradictions();
        }
        return List.copyOf(check.problems);
    }

    private void unknownKeys() {
        Set<String> known = DedupKeys.definition().names();
        ours.forEach((key, value) -> {
            if (!known.contains(key)) {
                problems.add(new ConfigProblem(
                        Code.UNKNOWN_KEY,
                        key,
                        value,
                        "There is no such key",
                        Spelling.nearest(key, known)
                                .map(nearest -> "Did you mean " + nearest + "?")
                                .orElse("Remove it; docs/configuration.md lists every key")));
            }
        });
    }

    private void values() {
        for (ConfigValue value : DedupKeys.definition().validate(ours)) {
            if (value.errorMessages().isEmpty()) {
                continue;
            }
            ConfigDef.ConfigKey key = DedupKeys.definition().configKeys().get(value.name());
            String allowed = key != null && key.validator != null
                    ? "Allowed: " + key.validator
                    : "Give it a value of type " + (key == null ? "STRING" : key.type);
            String text = ours.getOrDefault(value.name(), "");
            String shown = value.name().equals(DedupConfig.CONSUMER_STORE) ? "(hidden)" : text;
            problems.add(InvalidValue.of(value, key == null ? ConfigDef.Type.STRING : key.type, text, shown, allowed));
        }
    }

    private void contradictions() {
        DedupConfig config = read();
        boolean enforcing = config.policy().mode() == Mode.ENFORCE;
        boolean routesDuplicates = config.policy().configuredAction(Verdict.DUPLICATE) == Action.DUPLICATES_TOPIC;
        if (enforcing && config.deadLetterTopic().isEmpty()) {
            deadLettered(config).ifPresent(this::noDeadLetterTopic);
        }
        if (routesDuplicates && config.duplicatesTopic().isEmpty()) {
            problems.add(new ConfigProblem(
                    Code.NO_DUPLICATES_TOPIC,
                    DedupConfig.DUPLICATES_TOPIC,
                    null,
                    "Duplicates are to be routed, and no topic is named for them",
                    "Name a topic, or set " + DedupConfig.actionKey(Verdict.DUPLICATE) + "=drop"));
        }
        if (!routesDuplicates && config.duplicatesTopic().isPresent()) {
            problems.add(new ConfigProblem(
                    Code.UNUSED_TOPIC,
                    DedupConfig.DUPLICATES_TOPIC,
                    ours.get(DedupConfig.DUPLICATES_TOPIC),
                    "Nothing would be written to this topic",
                    "Set " + DedupConfig.actionKey(Verdict.DUPLICATE) + "=duplicates-topic, or remove the key"));
        }
        if (config.auditShare() > 0 && config.partitioning() == Partitioning.BY_KEY) {
            problems.add(new ConfigProblem(
                    Code.NOT_AVAILABLE,
                    DedupConfig.AUDIT_SHARE,
                    ours.get(DedupConfig.AUDIT_SHARE),
                    "With " + DedupConfig.PARTITIONING
                            + "=by-key equal keys always meet, and there is nothing to audit",
                    "Remove the key"));
        }
        routes(config);
        scope(config);
    }

    private DedupConfig read() {
        return DedupConfig.parsed(ours, DedupKeys.deadLetterTopic(properties));
    }

    private static Optional<Verdict> deadLettered(DedupConfig config) {
        return DedupKeys.configurableVerdicts().stream()
                .filter(config.policy()::canReach)
                .filter(verdict -> config.policy().configuredAction(verdict) == Action.DEAD_LETTER)
                .findFirst();
    }

    private void noDeadLetterTopic(Verdict verdict) {
        problems.add(new ConfigProblem(
                Code.NO_DEAD_LETTER_TOPIC,
                DedupConfig.DEAD_LETTER_TOPIC,
                null,
                "Records with the verdict " + verdict.text() + " are to go to the dead-letter topic, and none is named",
                "Name a topic, or set " + DedupConfig.actionKey(verdict) + " (and those of the other verdicts) to drop,"
                        + " forward or fail"));
    }

    private void routes(DedupConfig config) {
        Set<String> targets = new HashSet<>();
        for (Route route : config.routes()) {
            if (config.sources().contains(route.target())) {
                badRoute(route, "The target is itself the source of a route", "Give every route a target of its own");
            } else if (!targets.add(route.target())) {
                badRoute(
                        route,
                        "The target is already the target of another route",
                        "Give every route a target of its own, or make them one as SOURCE+SOURCE->" + route.target());
            }
        }
    }

    private void badRoute(Route route, String message, String fix) {
        problems.add(new ConfigProblem(Code.BAD_ROUTE, DedupConfig.ROUTES, route.toString(), message, fix));
    }

    /** Each route remembers by itself, all of its sources together, and a scope must not say otherwise. */
    private void scope(DedupConfig config) {
        String written = ours.get(DedupConfig.SCOPE);
        boolean isTopic = config.scope().equals(Scope.topic());
        for (Route route : config.routes()) {
            if (written != null && isTopic && route.sources().size() > 1) {
                problems.add(new ConfigProblem(
                        Code.SCOPE_SPLITS_ROUTE,
                        DedupConfig.SCOPE,
                        written,
                        "The sources of " + route
                                + " are deduplicated together, and with this scope the same key on two"
                                + " of them would name two operations",
                        "Remove the key, or give every source a route of its own"));
            }
        }
        if (!isTopic && config.routes().size() > 1) {
            problems.add(new ConfigProblem(
                    Code.SCOPE_OVER_ROUTES,
                    DedupConfig.SCOPE,
                    written,
                    "Each of the " + config.routes().size() + " routes remembers by itself, so that a key would be let"
                            + " through once by each",
                    "Make them one route, as SOURCE+SOURCE->TARGET, or set " + DedupConfig.SCOPE
                            + "=topic, and put what keys are unique within into " + DedupConfig.KEY
                            + ", as in header:tenant + header:id"));
        }
    }
}
