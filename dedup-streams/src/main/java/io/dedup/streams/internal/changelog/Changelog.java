// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.changelog;

import io.dedup.streams.internal.operator.DedupSettings;
import io.dedup.streams.internal.store.SeenStores;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.streams.StreamsConfig;

/** The changelog topic of an operator's store, as Kafka Streams makes it. Confined to one thread. */
public final class Changelog {
    private final DedupSettings settings;
    private final StreamsConfig config;

    public Changelog(DedupSettings settings, StreamsConfig config) {
        this.settings = settings;
        this.config = config;
    }

    public String topic() {
        return settings.changelog(config.getString(StreamsConfig.APPLICATION_ID_CONFIG));
    }

    /**
     * Whether the topic is there.
     *
     * @param partitions how many it should have
     * @throws IllegalStateException if it has another number of partitions
     */
    public boolean exists(Admin admin, int partitions) {
        if (!AdminCalls.get(admin.listTopics().names(), "the topics").contains(topic())) {
            return false;
        }
        int found = AdminCalls.partitions(admin, topic()).size();
        if (found != partitions) {
            throw new IllegalStateException(
                    "The changelog " + topic() + " has " + found + " partitions and the topics have " + partitions
                            + ": give the operator another name, and with that another changelog");
        }
        return true;
    }

    /** Whether something committed is in the topic. */
    public boolean hasRecords(CommittedRecords records, int partitions) {
        return IntStream.range(0, partitions)
                .mapToObj(partition -> new TopicPartition(topic(), partition))
                .anyMatch(records::hasRecords);
    }

    public void create(Admin admin, int partitions) {
        NewTopic topic = new NewTopic(topic(), Optional.of(partitions), replicationFactor()).configs(configs());
        AdminCalls.get(admin.createTopics(List.of(topic)).all(), "a new topic " + topic());
    }

    private Optional<Short> replicationFactor() {
        short factor = config.getInt(StreamsConfig.REPLICATION_FACTOR_CONFIG).shortValue();
        return factor == -1 ? Optional.empty() : Optional.of(factor);
    }

    private Map<String, String> configs() {
        Map<String, String> configs = new HashMap<>();
        configs.put(TopicConfig.CLEANUP_POLICY_CONFIG, "compact,delete");
        configs.put(TopicConfig.MESSAGE_TIMESTAMP_TYPE_CONFIG, "CreateTime");
        long additional = config.getLong(StreamsConfig.WINDOW_STORE_CHANGE_LOG_ADDITIONAL_RETENTION_MS_CONFIG);
        long retention = SeenStores.retention(settings.policy()).toMillis() + additional;
        configs.put(TopicConfig.RETENTION_MS_CONFIG, Long.toString(retention));
        config.originalsWithPrefix(StreamsConfig.TOPIC_PREFIX)
                .forEach((name, value) -> configs.put(name, value.toString()));
        configs.putAll(SeenStores.changelogConfigs(settings.policy()));
        configs.putAll(settings.changelogConfigs());
        return configs;
    }
}
