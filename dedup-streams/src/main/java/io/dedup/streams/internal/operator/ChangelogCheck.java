// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.operator;

import io.dedup.streams.internal.store.SeenStores;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.streams.StreamsConfig;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Ensures that the changelog topic keeps what is remembered as long as the present settings say. Kafka Streams sets a topic up
 * when it makes it and never again, so a TTL that is raised later would outlive the changelog.
 *
 * <p>A topic that keeps too little is altered; where that is not allowed, the log has an error with what to do, and a topic that
 * would be compacted stops the application. It is looked at once in a process, on a thread of its own, so that no application waits
 * for it.
 *
 * <p>Thread-safe.
 */
public final class ChangelogCheck {
    private static final Logger LOGGER = LoggerFactory.getLogger(ChangelogCheck.class);
    private static final long WITHIN_SECONDS = 60;
    private static final String UNLIMITED = "-1";
    private static final Map<String, ChangelogCheck> CHECKS = new ConcurrentHashMap<>();

    private final String topic;
    private final long neededMs;
    private final long wantedMs;
    private final Map<String, String> asks;
    private volatile @Nullable String problem;

    /**
     * A check of that topic.
     *
     * @param neededMs how long a record of it is needed
     * @param wantedMs how long it is kept where the topic is made today
     * @param asks what the application sets itself, which is left alone
     */
    ChangelogCheck(String topic, long neededMs, long wantedMs, Map<String, String> asks) {
        this.topic = topic;
        this.neededMs = neededMs;
        this.wantedMs = wantedMs;
        this.asks = asks;
    }

    /**
     * Looks at the changelog of a store of that operator, unless that has been done in this process.
     *
     * @param topic the changelog
     */
    public static ChangelogCheck start(DedupSettings settings, String topic, Map<String, Object> configs) {
        long neededMs = SeenStores.retention(settings.policy()).toMillis();
        String name = configs.get(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG) + "/" + topic + "/" + neededMs;
        return CHECKS.computeIfAbsent(name, unseen -> {
            Object additional = configs.get(StreamsConfig.WINDOW_STORE_CHANGE_LOG_ADDITIONAL_RETENTION_MS_CONFIG);
            long additionalMs = additional == null ? 0 : Long.parseLong(additional.toString());
            ChangelogCheck check =
                    new ChangelogCheck(topic, neededMs, neededMs + additionalMs, settings.changelogConfigs());
            Thread thread = new Thread(
                    () -> {
                        if (!check.run(configs)) {
                            CHECKS.remove(name, check);
                        }
                    },
                    "dedup-changelog-check");
            thread.setDaemon(true);
            thread.start();
            return check;
        });
    }

    /**
     * Stops the application if the changelog cannot hold what is remembered.
     *
     * @throws UnusableChangelogError with what to do
     */
    public void throwIfUnusable() {
        String found = problem;
        if (found != null) {
            throw new UnusableChangelogError(found);
        }
    }

    private boolean run(Map<String, Object> configs) {
        try (Admin admin = Admin.create(new StreamsConfig(configs).getAdminConfigs("dedup-changelog-check"))) {
            return run(admin);
        } catch (RuntimeException noCluster) {
            // As in a test without a broker; an application has others to report it.
            LOGGER.info("The changelog {} could not be looked at: {}", topic, noCluster.getMessage());
            return false;
        }
    }

    /** Looks at the topic, and alters it if it keeps too little. Returns whether it need not be looked at again. */
    boolean run(Admin admin) {
        ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
        try {
            Map<ConfigResource, Config> configs =
                    admin.describeConfigs(List.of(resource)).all().get(WITHIN_SECONDS, TimeUnit.SECONDS);
            boolean all = true;
            for (AlterConfigOp alteration : alterations(Objects.requireNonNull(configs.get(resource)))) {
                all &= alter(admin, resource, alteration);
            }
            return all;
        } catch (ExecutionException failed) {
            LOGGER.info("The changelog {} could not be looked at: {}", topic, failed.toString());
            return failed.getCause() instanceof AuthorizationException;
        } catch (TimeoutException failed) {
            LOGGER.info("The changelog {} could not be looked at: {}", topic, failed.toString());
            return false;
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    /** Each by itself: a broker may refuse one and take another. */
    private boolean alter(Admin admin, ConfigResource resource, AlterConfigOp alteration) throws InterruptedException {
        try {
            admin.incrementalAlterConfigs(Map.of(resource, List.of(alteration)))
                    .all()
                    .get(WITHIN_SECONDS, TimeUnit.SECONDS);
            LOGGER.warn(
                    "The changelog {} did not fit the settings of today, and has {} now", topic, written(alteration));
            return true;
        } catch (ExecutionException | TimeoutException refused) {
            refused(alteration, refused);
            return false;
        }
    }

    /** Logs what could not be set, and notes it if nothing may be remembered without it. */
    void refused(AlterConfigOp alteration, Exception cause) {
        String setting = written(alteration);
        String message = "The changelog " + topic
                + " does not keep what is remembered with the settings of today, which"
                + " would be forgotten when a store is restored, and could not be altered (" + cause + "): set "
                + setting
                + ", as with kafka-configs.sh --alter --entity-type topics --entity-name " + topic + " --add-config "
                + setting;
        LOGGER.error(message);
        boolean isCompacted = alteration.configEntry().name().equals(TopicConfig.CLEANUP_POLICY_CONFIG);
        // Without an answer it may have been altered all the same.
        if (isCompacted && cause instanceof ExecutionException) {
            problem = message;
        }
    }

    private static String written(AlterConfigOp alteration) {
        return alteration.configEntry().name() + "=" + alteration.configEntry().value();
    }

    /** The settings that have to change. */
    List<AlterConfigOp> alterations(Config config) {
        List<AlterConfigOp> alterations = new ArrayList<>();
        String retention = value(config, TopicConfig.RETENTION_MS_CONFIG, UNLIMITED);
        if (!retention.equals(UNLIMITED) && Long.parseLong(retention) < neededMs) {
            String asked = asks.getOrDefault(TopicConfig.RETENTION_MS_CONFIG, Long.toString(wantedMs));
            alterations.add(set(TopicConfig.RETENTION_MS_CONFIG, asked));
        }
        boolean isAsked = asks.containsKey(TopicConfig.RETENTION_BYTES_CONFIG);
        if (!isAsked
                && !value(config, TopicConfig.RETENTION_BYTES_CONFIG, UNLIMITED).equals(UNLIMITED)) {
            alterations.add(set(TopicConfig.RETENTION_BYTES_CONFIG, UNLIMITED));
        }
        List<String> policies = Arrays.asList(
                value(config, TopicConfig.CLEANUP_POLICY_CONFIG, "").split(",", -1));
        if (policies.contains(TopicConfig.CLEANUP_POLICY_COMPACT)) {
            alterations.add(set(TopicConfig.CLEANUP_POLICY_CONFIG, TopicConfig.CLEANUP_POLICY_DELETE));
        }
        return alterations;
    }

    private static String value(Config config, String name, String otherwise) {
        ConfigEntry entry = config.get(name);
        return entry == null || entry.value() == null ? otherwise : entry.value();
    }

    private static AlterConfigOp set(String name, String value) {
        return new AlterConfigOp(new ConfigEntry(name, value), AlterConfigOp.OpType.SET);
    }
}
