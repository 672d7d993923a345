// SPDX-License-Identifier: Apache-2.0
package io.dedup.consumer;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import org.apache.kafka.clients.consumer.AcknowledgeType;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Headers;
import org.jspecify.annotations.Nullable;

/** The features of the kafka-clients on the class path, of which 3.9 is the oldest supported version. */
final class ClientFeatures {
    /** Whether polled records say from where to go on, which they do since 4.0. */
    static final boolean NEXT_OFFSETS = has(ConsumerRecords.class, "nextOffsets");

    /** Whether records say how often they were delivered, which they do since 4.0. */
    private static final boolean DELIVERY_COUNTS = has(ConsumerRecord.class, "deliveryCount");

    /** Whether a member of a share group can renew the locks of its records, which it can since 4.2. */
    static final boolean RENEWED_LOCKS =
            Arrays.stream(AcknowledgeType.values()).anyMatch(type -> type.name().equals("RENEW"));

    private ClientFeatures() {}

    /** Such as 4.3.1, as the clients' jar says. */
    static String version() {
        try (InputStream file = ConsumerRecord.class.getResourceAsStream("/kafka/kafka-version.properties")) {
            Properties properties = new Properties();
            if (file != null) {
                properties.load(file);
            }
            return properties.getProperty("version", "an unknown version");
        } catch (IOException unreadable) {
            throw new UncheckedIOException("kafka-version.properties of kafka-clients cannot be read", unreadable);
        }
    }

    private static boolean has(Class<?> type, String method) {
        return Arrays.stream(type.getMethods()).anyMatch(one -> one.getName().equals(method));
    }

    /**
     * Checks that share groups can be joined.
     *
     * @throws UnsupportedOperationException if locks cannot be renewed
     */
    static void requireShareGroups() {
        if (!RENEWED_LOCKS) {
            throw new UnsupportedOperationException(
                    "A share group needs kafka-clients 4.2.0 or later, which can renew the"
                            + " locks of records; on the class path is " + version()
                            + ". Raise kafka-clients, or call start() for a consumer group");
        }
    }

    /** A record with its key and value read. From 4.0 on it says how often it was delivered. */
    static <K, V> ConsumerRecord<K, V> deserialized(
            ConsumerRecord<byte[], byte[]> record, Headers headers, @Nullable K key, @Nullable V value) {
        if (!DELIVERY_COUNTS) {
            return new ConsumerRecord<>(
                    record.topic(),
                    record.partition(),
                    record.offset(),
                    record.timestamp(),
                    record.timestampType(),
                    record.serializedKeySize(),
                    record.serializedValueSize(),
                    key,
                    value,
                    headers,
                    record.leaderEpoch());
        }
        return new ConsumerRecord<>(
                record.topic(),
                record.partition(),
                record.offset(),
                record.timestamp(),
                record.timestampType(),
                record.serializedKeySize(),
                record.serializedValueSize(),
                key,
                value,
                headers,
                record.leaderEpoch(),
                record.deliveryCount());
    }

    /** How often a record was delivered; none if the client or the kind of group does not say. */
    static Optional<Short> deliveryCount(ConsumerRecord<?, ?> record) {
        return DELIVERY_COUNTS ? record.deliveryCount() : Optional.empty();
    }

    /** Some of the records that were polled, with the offsets after all of them. */
    static <K, V> ConsumerRecords<K, V> subset(
            Map<TopicPartition, List<ConsumerRecord<K, V>>> subset, ConsumerRecords<K, V> polled) {
        return NEXT_OFFSETS ? new ConsumerRecords<>(subset, polled.nextOffsets()) : withoutNextOffsets(subset);
    }

    @SuppressWarnings("deprecation") // all there is before 4.0
    private static <K, V> ConsumerRecords<K, V> withoutNextOffsets(
            Map<TopicPartition, List<ConsumerRecord<K, V>>> subset) {
        return new ConsumerRecords<>(subset);
    }
}
