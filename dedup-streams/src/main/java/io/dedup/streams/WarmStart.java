// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams;

import io.dedup.Partitioning;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.function.Supplier;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.consumer.OffsetAndTimestamp;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.GroupState;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.streams.StreamsConfig;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Introduces dedup to a topic that has long been processed: remembers what was processed within the last TTL, before the
 * operator judges its first record.
 *
 * <pre>{@code
 * WarmStart.of(dedup, properties).fromProcessed("orders");   // up to where the application has committed
 * new KafkaStreams(topology, properties).start();
 * }</pre>
 *
 * <p>It writes to the changelog of the operator's store, in one transaction, and the operator finds it there when it
 * restores, as it finds its own after a move to another machine. So it is run once, before any instance of the application
 * with the operator is started. Where the operator has remembered something already, nothing is done.
 *
 * <p>Of a key that was processed several times within the TTL, the last one is remembered. What has no usable key, comes
 * from the future or asks for a TTL that it cannot have is not.
 *
 * <p>Confined to one thread.
 */
public final class WarmStart {
    private static final Logger LOGGER = LoggerFactory.getLogger(WarmStart.class);
    /** How many records before the end say what time it is there. */
    private static final long TAIL = 500;
    /** What brokers allow at most, unless they are told otherwise. */
    private static final Duration TRANSACTION_TIMEOUT = Duration.ofMinutes(15);

    private final DedupSettings settings;
    private final StreamsConfig config;
    private final Changelog changelog;
    private final Properties properties;
    private final boolean everywhere;
    private final Clock clock;

    private WarmStart(DedupSettings settings, Properties properties, boolean everywhere, Clock clock) {
        this.settings = settings;
        this.properties = properties;
        this.everywhere = everywhere;
        this.config = new StreamsConfig(properties);
        this.changelog = new Changelog(settings, properties, config);
        this.clock = clock;
    }

    /**
     * What has been done.
     *
     * @param read how many records were read
     * @param remembered how many of them are remembered
     */
    public record Seeded(long read, long remembered) {}

    /**
     * A warm start of that operator.
     *
     * @param properties those of the application, of which {@code application.id}, {@code bootstrap.servers}, the security
     *     and {@code replication.factor} matter
     * @throws org.apache.kafka.common.config.ConfigException if they are not those of a Kafka Streams application
     */
    public static WarmStart of(Dedup dedup, Properties properties) {
        return of(dedup, properties, Clock.systemUTC());
    }

    static WarmStart of(Dedup dedup, Properties properties, Clock clock) {
        return new WarmStart(dedup.settings(), properties, false, clock);
    }

    /**
     * Lets every partition remember every key, where a duplicate may come on another partition than its first did: the
     * number of partitions has changed, or the topic to seed from is partitioned otherwise. For one TTL the state is as many
     * times larger. Not needed with {@link Partitioning#BY_KEY}, where the key says the partition.
     */
    public WarmStart everywhere() {
        return new WarmStart(settings, properties, true, clock);
    }

    /**
     * Remembers what the application itself has processed: up to its committed offsets.
     *
     * @param topics every topic that the operator's stream is made of
     * @return what has been done; empty if the operator has remembered something already
     * @throws IllegalStateException if the application is running, has committed nothing, or a topic has another number of
     *     partitions than the changelog, saying what to do
     * @throws KafkaException if the cluster does not answer
     */
    public Optional<Seeded> fromProcessed(String... topics) {
        return fromProcessedBy(applicationId(), topics);
    }

    /**
     * Remembers what a consumer group has processed: up to its committed offsets.
     *
     * @param group which has processed the topics so far
     * @param topics as for {@link #fromProcessed}
     * @return as for {@link #fromProcessed}
     * @throws IllegalStateException as for {@link #fromProcessed}
     */
    public Optional<Seeded> fromProcessedBy(String group, String... topics) {
        return seed(
                (admin, consumer) -> {
                    List<Part> parts = new ArrayList<>();
                    Map<TopicPartition, OffsetAndMetadata> committed = Cluster.get(
                            admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata(),
                            "the offsets of " + group);
                    for (String topic : topics) {
                        for (TopicPartition partition : Cluster.partitions(admin, topic)) {
                            OffsetAndMetadata offset = committed.get(partition);
                            if (offset != null) {
                                parts.add(new Part(partition, offset.offset(), topic));
                            }
                        }
                    }
                    if (parts.isEmpty()) {
                        throw new IllegalStateException("The group " + group + " has committed nothing on "
                                + List.of(topics) + ": name the group that has processed them with fromProcessedBy");
                    }
                    return parts;
                },
                List.of(topics));
    }

    /**
     * Remembers what has come out: everything in the topic that the application has written. To the operator, these are not
     * the records that it reads, so it takes the records they were made of for duplicates.
     *
     * @param outputTopic partitioned as the input is, with the idempotency keys where the operator finds them
     * @param inputTopic the topic that the operator reads
     * @return as for {@link #fromProcessed}
     * @throws IllegalStateException as for {@link #fromProcessed}
     */
    public Optional<Seeded> fromOutput(String outputTopic, String inputTopic) {
        return seed(
                (admin, consumer) -> {
                    List<TopicPartition> partitions = Cluster.partitions(admin, outputTopic);
                    Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
                    return partitions.stream()
                            .map(partition -> new Part(partition, Cluster.offset(ends, partition), inputTopic))
                            .toList();
                },
                List.of(inputTopic, outputTopic));
    }

    /**
     * What is to be read of a partition.
     *
     * @param end the offset to stop before
     * @param topic the topic for the scope
     */
    private record Part(TopicPartition partition, long end, String topic) {}

    private interface Parts {
        List<Part> find(Admin admin, KafkaConsumer<byte[], byte[]> consumer);
    }

    private Optional<Seeded> seed(Parts parts, List<String> topics) {
        String client = applicationId() + "-" + settings.name() + "-seed";
        try (Admin admin = Admin.create(config.getAdminConfigs(client));
                KafkaConsumer<byte[], byte[]> consumer = consumer(client)) {
            refuseIfRunning(admin);
            int count = partitionCount(admin, topics);
            if (changelog.exists(admin, count)) {
                if (changelog.hasRecords(consumer, count)) {
                    LOGGER.info("{} holds records already, so nothing is seeded", changelog.topic());
                    return Optional.empty();
                }
            } else {
                changelog.create(admin, count);
            }
            List<Part> found = parts.find(admin, consumer);
            try (KafkaProducer<byte[], byte[]> producer = producer(client)) {
                Seeded seeded = inOneTransaction(producer, () -> {
                    Seeding seeding = new Seeding(settings, everywhere, producer, changelog.topic(), count, clock);
                    found.forEach(part -> read(consumer, part, seeding));
                    return seeding.finish();
                });
                LOGGER.info(
                        "{} of {} records of {} are remembered in {}",
                        seeded.remembered(),
                        seeded.read(),
                        topics,
                        changelog.topic());
                return Optional.of(seeded);
            }
        }
    }

    private static Seeded inOneTransaction(KafkaProducer<?, ?> producer, Supplier<Seeded> seeding) {
        producer.initTransactions();
        producer.beginTransaction();
        try {
            Seeded seeded = seeding.get();
            producer.commitTransaction();
            return seeded;
        } catch (ProducerFencedException another) {
            throw new IllegalStateException("Somebody else has started to seed; it is done once", another);
        } catch (RuntimeException failed) {
            producer.abortTransaction();
            throw failed;
        }
    }

    private void read(KafkaConsumer<byte[], byte[]> consumer, Part part, Seeding seeding) {
        TopicPartition partition = part.partition();
        List<TopicPartition> alone = List.of(partition);
        consumer.assign(alone);
        long start = Cluster.offset(consumer.beginningOffsets(alone), partition);
        long time = timeAtTheEnd(consumer, part, start);
        long needed = time
                - settings.policy().ttl().toMillis()
                - settings.policy().allowedLateness().toMillis();
        OffsetAndTimestamp from =
                consumer.offsetsForTimes(Map.of(partition, Math.max(0, needed))).get(partition);
        long offset = from == null ? part.end() : Math.max(start, from.offset());
        Cluster.read(consumer, partition, offset, part.end(), record -> seeding.take(record, part.topic()));
    }

    /** The highest event time, not after now, among the last records before the end. */
    private long timeAtTheEnd(KafkaConsumer<byte[], byte[]> consumer, Part part, long start) {
        long[] time = {0};
        long now = clock.millis();
        long tail = Math.max(start, part.end() - TAIL);
        Cluster.read(consumer, part.partition(), tail, part.end(), record -> {
            if (!settings.policy().isFuture(record.timestamp(), now)) {
                time[0] = Math.max(time[0], record.timestamp());
            }
        });
        return time[0];
    }

    private void refuseIfRunning(Admin admin) {
        boolean running = Cluster.get(admin.listGroups().all(), "the groups").stream()
                .filter(group -> group.groupId().equals(applicationId()))
                .flatMap(group -> group.groupState().stream())
                .anyMatch(state -> state != GroupState.EMPTY && state != GroupState.DEAD);
        if (running) {
            throw new IllegalStateException("The application " + applicationId() + " is running, or was a moment ago:"
                    + " stop every instance of it, wait until its session.timeout.ms has passed, and seed before the"
                    + " first one starts again");
        }
    }

    /**
     * The number of tasks.
     *
     * @param topics those that the operator reads, or one of them first
     */
    private int partitionCount(Admin admin, List<String> topics) {
        Map<String, Integer> counts = new LinkedHashMap<>();
        topics.forEach(
                topic -> counts.put(topic, Cluster.partitions(admin, topic).size()));
        boolean anyPartition = everywhere || settings.partitioning() == Partitioning.BY_KEY;
        if (!anyPartition && counts.values().stream().distinct().count() != 1) {
            throw new IllegalStateException(
                    "The topics have different numbers of partitions, so it cannot be told which task will ask for a"
                            + " key: " + counts + "; with everywhere() every task remembers every key");
        }
        return counts.values().iterator().next();
    }

    private String applicationId() {
        return config.getString(StreamsConfig.APPLICATION_ID_CONFIG);
    }

    private KafkaConsumer<byte[], byte[]> consumer(String client) {
        Map<String, Object> configs = new HashMap<>(config.getRestoreConsumerConfigs(client));
        configs.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
        return new KafkaConsumer<>(configs, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    }

    private KafkaProducer<byte[], byte[]> producer(String client) {
        Map<String, Object> configs = new HashMap<>(config.getProducerConfigs(client));
        configs.put(ProducerConfig.TRANSACTIONAL_ID_CONFIG, client);
        configs.put(ProducerConfig.TRANSACTION_TIMEOUT_CONFIG, Math.toIntExact(TRANSACTION_TIMEOUT.toMillis()));
        configs.put(ProducerConfig.ENABLE_IDEMPOTENCE_CONFIG, true);
        return new KafkaProducer<>(configs, new ByteArraySerializer(), new ByteArraySerializer());
    }
}
