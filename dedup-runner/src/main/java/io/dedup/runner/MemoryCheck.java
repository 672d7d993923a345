// SPDX-License-Identifier: Apache-2.0
package io.dedup.runner;

import io.dedup.Mode;
import io.dedup.config.ConfigProblem;
import io.dedup.config.ConfigProblem.Code;
import io.dedup.config.DedupConfig;
import io.dedup.config.Route;
import io.dedup.streams.ChangelogState;
import io.dedup.streams.Dedup;
import io.dedup.streams.internal.changelog.CommittedRecords;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.streams.StreamsConfig;

/** Checks whether the stores of a relay fit its settings, and whether they are empty. Confined to one thread. */
final class MemoryCheck implements AutoCloseable {
    private final DedupConfig config;
    private final String applicationId;
    private final CommittedRecords records;
    private final Set<String> topics;
    private final Map<String, ChangelogState> changelogs = new LinkedHashMap<>();

    MemoryCheck(Properties application, DedupConfig config, Admin admin) {
        this.config = config;
        this.applicationId = application.getProperty(StreamsConfig.APPLICATION_ID_CONFIG);
        this.topics = AdminCalls.of(admin.listTopics().names());
        this.records = new CommittedRecords(new StreamsConfig(application), "dedup-check");
        for (Route route : config.routes()) {
            Dedup dedup = RelayTopology.operator(config, route);
            changelogs.put(route.name(), new ChangelogState(dedup, applicationId, records));
        }
    }

    /** What is remembered under other keys than those that are looked for now. */
    List<ConfigProblem> changes() {
        List<ConfigProblem> changes = new ArrayList<>();
        for (ChangelogState changelog : changelogs.values()) {
            try {
                if (topics.contains(changelog.topic())) {
                    changelog.changes().stream()
                            .filter(change -> !changes.contains(change))
                            .forEach(changes::add);
                }
            } catch (AuthorizationException hidden) {
                // What this client may not read is named by the check of the cluster.
            }
        }
        return changes;
    }

    /** Whether a relay begins with nothing behind a target that has something. */
    List<ConfigProblem> empty() {
        List<ConfigProblem> found = new ArrayList<>();
        if (config.policy().mode() == Mode.OFF) {
            return found;
        }
        config.routes().forEach(route -> {
            String target = route.target();
            try {
                ChangelogState changelog = changelogs.get(route.name());
                boolean remembers = changelog == null || (topics.contains(changelog.topic()) && changelog.hasRecords());
                if (!remembers
                        && topics.contains(target)
                        && records.partitions(target).stream().anyMatch(records::hasRecords)) {
                    found.add(new ConfigProblem(
                            Code.EMPTY_MEMORY,
                            StreamsConfig.APPLICATION_ID_CONFIG,
                            applicationId,
                            "It starts with an empty store for " + route.from() + ", and " + target
                                    + " has records: duplicates of those come through",
                            "If the application had another id before, name that one; else see 'Introduce it to a topic that"
                                    + " is already processed' in docs/operations.md"));
                }
            } catch (AuthorizationException hidden) {
                // A target that may be written need not be readable.
            }
        });
        return found;
    }

    /** As {@link #changes}, of one operator. */
    static List<ConfigProblem> changes(Dedup dedup, Properties application) {
        StreamsConfig config = new StreamsConfig(application);
        try (CommittedRecords records = new CommittedRecords(config, "dedup-check")) {
            return new ChangelogState(dedup, config.getString(StreamsConfig.APPLICATION_ID_CONFIG), records).changes();
        }
    }

    @Override
    public void close() {
        records.close();
    }
}
