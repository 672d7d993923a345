// SPDX-License-Identifier: Apache-2.0
package io.dedup.consumer;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.CooperativeStickyAssignor;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * The configs of the clients of a consumer, each made of the properties that its user gives.
 *
 * @param properties of a Kafka consumer
 */
record ClientConfigs(Map<String, ?> properties) {
    /** What Kafka's consumers for share groups refuse. */
    private static final Set<String> NOT_SHARED = Set.of(
            ConsumerConfig.AUTO_OFFSET_RESET_CONFIG,
            ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG,
            ConsumerConfig.GROUP_INSTANCE_ID_CONFIG,
            ConsumerConfig.ISOLATION_LEVEL_CONFIG,
            ConsumerConfig.PARTITION_ASSIGNMENT_STRATEGY_CONFIG,
            ConsumerConfig.INTERCEPTOR_CLASSES_CONFIG,
            ConsumerConfig.GROUP_PROTOCOL_CONFIG,
            ConsumerConfig.GROUP_REMOTE_ASSIGNOR_CONFIG,
            ConsumerConfig.SESSION_TIMEOUT_MS_CONFIG,
            ConsumerConfig.HEARTBEAT_INTERVAL_MS_CONFIG);

    /** Without it a member locks whole batches, and releases what it has not begun. */
    private static final String ACQUIRE_MODE = "share.acquire.mode";

    private static final int PRODUCER_BLOCKS_MS = 10_000;
    /** More than brokers take by default, so that they decide. */
    private static final int MAX_REQUEST_BYTES = 64 * 1024 * 1024;

    /** With a copy of them. */
    ClientConfigs {
        properties = Map.copyOf(properties);
    }

    String group() {
        return String.valueOf(properties.get(ConsumerConfig.GROUP_ID_CONFIG));
    }

    /** Those of a member of a share group. */
    Map<String, Object> ofShareMember() {
        Map<String, Object> configs = ofAnyMember();
        configs.keySet().removeAll(NOT_SHARED);
        configs.put(ConsumerConfig.SHARE_ACKNOWLEDGEMENT_MODE_CONFIG, "explicit");
        configs.putIfAbsent(ConsumerConfig.MAX_POLL_RECORDS_CONFIG, 1);
        if (ConsumerConfig.configNames().contains(ACQUIRE_MODE)) {
            configs.putIfAbsent(ACQUIRE_MODE, "record_limit");
        }
        return configs;
    }

    /** Those of a member of a consumer group. */
    Map<String, Object> ofMember() {
        Map<String, Object> configs = ofAnyMember();
        configs.putIfAbsent(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
        Object protocol = configs.getOrDefault(ConsumerConfig.GROUP_PROTOCOL_CONFIG, "classic");
        if (protocol.toString().equalsIgnoreCase("classic")) {
            configs.putIfAbsent(
                    ConsumerConfig.PARTITION_ASSIGNMENT_STRATEGY_CONFIG,
                    List.of(CooperativeStickyAssignor.class.getName()));
        }
        configs.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, "false");
        return configs;
    }

    private Map<String, Object> ofAnyMember() {
        Map<String, Object> configs = new HashMap<>(properties);
        if (configs.get(ConsumerConfig.GROUP_ID_CONFIG) == null) {
            throw new IllegalArgumentException("A consumer that shares its work needs a group.id");
        }
        configs.put(ConsumerConfig.KEY_DESERIALIZER_CLASS_CONFIG, ByteArrayDeserializer.class.getName());
        configs.put(ConsumerConfig.VALUE_DESERIALIZER_CLASS_CONFIG, ByteArrayDeserializer.class.getName());
        return configs;
    }

    /** Those of the producer of dead letters: where the cluster is, and how to get in. */
    Map<String, Object> ofProducer() {
        Map<String, Object> configs = new HashMap<>(properties);
        configs.keySet().retainAll(ProducerConfig.configNames());
        configs.remove(ProducerConfig.INTERCEPTOR_CLASSES_CONFIG);
        configs.putIfAbsent(ProducerConfig.MAX_BLOCK_MS_CONFIG, PRODUCER_BLOCKS_MS);
        configs.putIfAbsent(ProducerConfig.MAX_REQUEST_SIZE_CONFIG, MAX_REQUEST_BYTES);
        configs.put(ProducerConfig.KEY_SERIALIZER_CLASS_CONFIG, ByteArraySerializer.class.getName());
        configs.put(ProducerConfig.VALUE_SERIALIZER_CLASS_CONFIG, ByteArraySerializer.class.getName());
        return configs;
    }

    /** Those of a client for administration. */
    Map<String, Object> ofAdmin() {
        Map<String, Object> configs = ofProducer();
        configs.keySet().retainAll(AdminClientConfig.configNames());
        return configs;
    }
}
