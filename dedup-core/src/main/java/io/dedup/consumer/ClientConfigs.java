// SPDX-License-Identifier: Apache-2.0
package io.dedup.consumer;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.CooperativeStickyAssignor;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.Deserializer;

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

    static final String KEY_DESERIALIZER = ConsumerConfig.KEY_DESERIALIZER_CLASS_CONFIG;
    static final String VALUE_DESERIALIZER = ConsumerConfig.VALUE_DESERIALIZER_CLASS_CONFIG;

    /** Without it a member locks whole batches, and releases what it has not begun. */
    private static final String ACQUIRE_MODE = "share.acquire.mode";

    private static final int PRODUCER_BLOCKS_MS = 10_000;
    /** More than brokers take by default, so that they decide. */
    private static final int MAX_REQUEST_BYTES = 64 * 1024 * 1024;

    /** With a copy of them. */
    ClientConfigs {
        properties = Map.copyOf(properties);
    }

    /**
     * The same from properties, with their defaults.
     *
     * @throws IllegalArgumentException if a name is not text
     */
    static ClientConfigs of(Properties properties) {
        Map<String, Object> configs = new HashMap<>();
        for (String name : properties.stringPropertyNames()) {
            configs.put(name, properties.getProperty(name));
        }
        // Values that are not text are no string properties, and hide a default.
        properties.forEach((name, value) -> {
            if (!(name instanceof String text)) {
                throw new IllegalArgumentException("properties must have names that are text: " + name);
            }
            configs.put(text, value);
        });
        return new ClientConfigs(configs);
    }

    /**
     * Checks that no deserializers are named, which would not be used.
     *
     * @throws IllegalArgumentException if some are that do not give bytes
     */
    void requireNoDeserializers() {
        for (String name : List.of(KEY_DESERIALIZER, VALUE_DESERIALIZER)) {
            Object named = properties.get(name);
            if (named != null && deserializerClass(name) != ByteArrayDeserializer.class) {
                throw new IllegalArgumentException(name + " is named, but records are read as bytes: call"
                        + " withConfiguredDeserializers(), or leave it out: " + named);
            }
        }
    }

    /**
     * Creates the deserializer that is named.
     *
     * @throws IllegalArgumentException if none is, or it cannot be created
     */
    Deserializer<?> deserializer(String name) {
        Class<?> named = deserializerClass(name);
        try {
            return named.asSubclass(Deserializer.class).getDeclaredConstructor().newInstance();
        } catch (ReflectiveOperationException | ClassCastException unusable) {
            throw new IllegalArgumentException(
                    name + " must be a class of deserializers with a public constructor without parameters: "
                            + named.getName(),
                    unusable);
        }
    }

    private Class<?> deserializerClass(String name) {
        Object named = ConfigDef.parseType(name, properties.get(name), ConfigDef.Type.CLASS);
        if (named instanceof Class<?> type) {
            return type;
        }
        throw new IllegalArgumentException(name + " must name a class of deserializers: " + named);
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
            throw new IllegalArgumentException("group.id must be set for a consumer that shares its work: null");
        }
        configs.put(KEY_DESERIALIZER, ByteArrayDeserializer.class.getName());
        configs.put(VALUE_DESERIALIZER, ByteArrayDeserializer.class.getName());
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
