// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams;

import io.dedup.Coordinates;
import io.dedup.DedupHeaders;
import io.dedup.Partitioning;
import io.dedup.streams.errors.DedupTimestampExtractor;
import io.dedup.streams.internal.Marks;
import io.dedup.streams.internal.changelog.AdminCalls;
import io.dedup.streams.internal.changelog.Changelog;
import io.dedup.streams.internal.changelog.ChangelogSeeder;
import io.dedup.streams.internal.changelog.CommittedRecords;
import io.dedup.streams.internal.operator.DedupSettings;
import io.dedup.streams.internal.store.SeedLog;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.GroupState;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.processor.FailOnInvalidTimestamp;
import org.apache.kafka.streams.processor.LogAndSkipOnInvalidTimestamp;
import org.apache.kafka.streams.processor.TimestampExtractor;
import org.apache.kafka.streams.processor.UsePartitionTimeOnInvalidTimestamp;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Introduces dedup to a topic that has long been processed: remembers what was processed within the last TTL, before the
 * operator decides on its first record.
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
 * <p>To the operator, all of that has been processed to the end: should it read one of these records again, that is a
 * duplicate. What has no usable key, has a negative time, comes from the future or asks for a TTL that it cannot have is not remembered;
 * nor is what {@link #leavingOut} names.
 *
 * <p>Confined to one thread.
 */
public final class WarmStart {
    private static final Logger LOGGER = LoggerFactory.getLogger(WarmStart.class);
    /** The number of records before the end from which the time there is taken. */
    private static final long TAIL = 500;
    /** What brokers allow at most by default. */
    private static final Duration TRANSACTION_TIMEOUT = Duration.ofMinutes(15);
    /** The extractors that give a record its own time, if it has one. */
    private static final Set<Class<?>> TIMES_OF_RECORDS = Set.of(
            DedupTimestampExtractor.class,
            FailOnInvalidTimestamp.class,
            LogAndSkipOnInvalidTimestamp.class,
            UsePartitionTimeOnInvalidTimestamp.class);

    private final DedupSettings settings;
    private final StreamsConfig config;
    private final Changelog changelog;
    private final boolean everywhere;
    private final @Nullable String deadLetterTopic;
    private final Clock clock;

    private WarmStart(
            DedupSettings settings,
            StreamsConfig config,
            boolean everywhere,
            @Nullable String deadLetterTopic,
            Clock clock) {
        this.settings = settings;
        this.config = config;
        this.changelog = new Changelog(settings, config);
        this.everywhere = everywhere;
        this.deadLetterTopic = deadLetterTopic;
        this.clock = clock;
    }

    /**
     * The result of a warm start.
     *
     * @param read how many records were read
     * @param remembered how many of them are remembered
     */
    public record Seeded(long read, long remembered) {}

    /**
     * A warm start of that operator. If a fingerprint or a source of keys reads the value and the stream's serde does not
     * write what it has read byte for byte, give the operator its serdes; without {@link Dedup#withSerdes} no fingerprints
     * are remembered.
     *
     * @param properties those of the application, of which {@code application.id}, {@code bootstrap.servers}, the security,
     *     {@code replication.factor}, {@code topic.*} and {@code producer.transaction.timeout.ms}, else 15 minutes, matter
     * @throws org.apache.kafka.common.config.ConfigException if they are not those of a Kafka Streams application
     * @throws IllegalStateException if they name a timestamp extractor that looks into records
     */
    public static WarmStart of(Dedup dedup, Properties properties) {
        StreamsConfig config = new StreamsConfig(properties);
        TimestampExtractor extractor = config.defaultTimestampExtractor();
        if (!TIMES_OF_RECORDS.contains(extractor.getClass())) {
            throw new IllegalStateException(StreamsConfig.DEFAULT_TIMESTAMP_EXTRACTOR_CLASS_CONFIG + "="
                    + extractor.getClass().getName() + ": a warm start knows only the records' own timestamps, and the"
                    + " operator would be given others");
        }
        return new WarmStart(dedup.settings(), config, false, null, Clock.systemUTC());
    }

    /**
     * Lets every partition remember every key, where a duplicate may come on another partition than its first did: the
     * number of partitions has changed, or the topic to seed from is partitioned otherwise. For one TTL the state is as many
     * times larger. Not needed with {@link Partitioning#BY_KEY}, where the key says the partition.
     */
    public WarmStart everywhere() {
        return new WarmStart(settings, config, true, deadLetterTopic, clock);
    }

    /**
     * Leaves out what is in that dead-letter topic, by the headers of {@link DedupHeaders}: such a record was not processed, and is
     * to be let through when it is sent again.
     *
     * @param topic of this application; nothing is left out if it is not there
     */
    public WarmStart leavingOut(String topic) {
        return new WarmStart(settings, config, everywhere, topic, clock);
    }

    /**
     * Remembers what the application itself has processed: up to its committed offsets.
     *
     * @param topics every topic that the operator's stream is made of, directly and with the records' own timestamps
     * @return what has been done; empty if the operator has remembered something already
     * @throws IllegalStateException if the application is running or has committed nothing on any of the topics, or the changelog
     *     has another number of partitions, saying what to do
     * @throws KafkaException if the cluster does not answer
     */
    public Optional<Seeded> fromProcessed(String... topics) {
        return fromProcessedBy(applicationId(), topics);
    }

    /**
     * Remembers what a consumer group has processed: up to its committed offsets, which become those of the application where
     * it has none, so that it goes on from there.
     *
     * @param group which has processed the topics so far and has been stopped
     * @param topics as for {@link #fromProcessed}
     * @return as for {@link #fromProcessed}
     * @throws IllegalStateException as for {@link #fromProcessed}
     */
    public Optional<Seeded> fromProcessedBy(String group, String... topics) {
        try (Session session = new Session()) {
            session.refuseIfRunning(applicationId());
            session.refuseIfRunning(group);
            Map<TopicPartition, OffsetAndMetadata> handedOn = new HashMap<>();
            List<Part> parts = new ArrayList<>();
            for (String topic : topics) {
                Map<TopicPartition, OffsetAndMetadata> committed = session.committed(group, topic);
                if (committed.isEmpty()) {
                    LOGGER.info(
                            "The group {} has committed nothing on {}, of which nothing is remembered", group, topic);
                }
                if (session.committed(applicationId(), topic).isEmpty()) {
                    handedOn.putAll(committed);
                }
                committed.forEach((partition, offset) -> parts.add(new Part(partition, offset.offset(), topic)));
            }
            if (parts.isEmpty()) {
                throw new IllegalStateException("The group " + group + " has committed nothing on "
                        + String.join(" and ", topics) + ": name the group that has processed it with fromProcessedBy");
            }
            return session.seed(parts, session.partitionCount(topics), true, handedOn);
        }
    }

    /**
     * Remembers the output: everything in the topic that the application has written. To the operator, these are not
     * the records that it reads, so no fingerprints are remembered.
     *
     * @param outputTopic partitioned as the input is, with the idempotency keys where the operator finds them
     * @param inputTopic the topic that the operator reads
     * @return as for {@link #fromProcessed}
     * @throws IllegalStateException as for {@link #fromProcessed}, and if the topics have different numbers of partitions
     */
    public Optional<Seeded> fromOutput(String outputTopic, String inputTopic) {
        try (Session session = new Session()) {
            session.refuseIfRunning(applicationId());
            int count = session.partitionCount(inputTopic);
            List<TopicPartition> partitions = AdminCalls.partitions(session.admin, outputTopic);
            boolean anyPartition = everywhere || settings.partitioning() == Partitioning.BY_KEY;
            if (!anyPartition && partitions.size() != count) {
                throw new IllegalStateException(outputTopic + " has " + partitions.size() + " partitions and "
                        + inputTopic
                        + " has " + count + ", so it cannot be told which task will ask for a key; with everywhere()"
                        + " every task remembers every key");
            }
            List<Part> parts = partitions.stream()
                    .map(partition -> new Part(partition, session.records.end(partition), inputTopic))
                    .toList();
            return session.seed(parts, count, false, Map.of());
        }
    }

    private String applicationId() {
        return config.getString(StreamsConfig.APPLICATION_ID_CONFIG);
    }

    /**
     * The range to read of a partition.
     *
     * @param end the offset to stop before
     * @param topic the topic that the operator sees
     */
    private record Part(TopicPartition partition, long end, String topic) {}

    /** The clients of one seeding. */
    private final class Session implements AutoCloseable {
        private final String client = applicationId() + "-" + settings.name() + "-seed";
        private final Admin admin = Admin.create(config.getAdminConfigs(client));
        private final CommittedRecords records = new CommittedRecords(config, client);

        void refuseIfRunning(String group) {
            boolean running = AdminCalls.get(admin.listGroups().all(), "the groups").stream()
                    .filter(listed -> listed.groupId().equals(group))
                    .flatMap(listed -> listed.groupState().stream())
                    .anyMatch(state -> state != GroupState.EMPTY && state != GroupState.DEAD);
            if (running) {
                throw new IllegalStateException("The group " + group + " is running, or was a moment ago: stop every"
                        + " instance of it, wait until its session.timeout.ms has passed, and seed before the first"
                        + " instance with the operator starts");
            }
        }

        Map<TopicPartition, OffsetAndMetadata> committed(String group, String topic) {
            Map<TopicPartition, OffsetAndMetadata> committed = new HashMap<>();
            AdminCalls.get(
                            admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata(),
                            "the offsets of " + group)
                    .forEach((partition, offset) -> {
                        if (offset != null && partition.topic().equals(topic)) {
                            committed.put(partition, offset);
                        }
                    });
            committed.forEach((partition, offset) -> {
                long end = records.end(partition);
                if (offset.offset() > end) {
                    throw new IllegalStateException("The group " + group + " has committed offset " + offset.offset()
                            + " of " + partition + ", which ends at " + end + ": was the topic deleted and made again?"
                            + " Reset the group's offsets to what it has processed");
                }
            });
            return committed;
        }

        /** The number of tasks that the operator has on these topics. */
        int partitionCount(String... topics) {
            String control = settings.controlTopic();
            if (control != null && settings.partitioning() == Partitioning.BY_KEY) {
                return AdminCalls.partitions(admin, control).size();
            }
            return Arrays.stream(topics)
                    .mapToInt(topic -> AdminCalls.partitions(admin, topic).size())
                    .max()
                    .orElseThrow(() -> new IllegalArgumentException("topics must name one at least: []"));
        }

        /**
         * @param fingerprints whether these are the records that the operator sees
         * @param handedOn offsets that become the application's
         */
        Optional<Seeded> seed(
                List<Part> parts, int count, boolean fingerprints, Map<TopicPartition, OffsetAndMetadata> handedOn) {
            if (!changelog.exists(admin, count)) {
                changelog.create(admin, count);
            } else if (changelog.hasRecords(records, count)) {
                LOGGER.info("{} holds records already, so nothing is seeded", changelog.topic());
                return Optional.empty();
            }
            try (SeedLog log = new SeedLog(settings.policy());
                    KafkaProducer<byte[], byte[]> producer = producer()) {
                ChangelogSeeder seeding =
                        new ChangelogSeeder(settings, everywhere, fingerprints, deadLetters(), log, count, clock);
                parts.forEach(part -> read(part, seeding));
                write(log, producer, handedOn);
                LOGGER.info(
                        "{} of {} records are remembered in {}",
                        seeding.remembered(),
                        seeding.read(),
                        changelog.topic());
                return Optional.of(new Seeded(seeding.read(), seeding.remembered()));
            }
        }

        /** Where the records stood that are in the dead-letter topic. */
        private Set<Coordinates> deadLetters() {
            Set<Coordinates> found = new HashSet<>();
            if (deadLetterTopic != null
                    && AdminCalls.get(admin.listTopics().names(), "the topics").contains(deadLetterTopic)) {
                records.partitions(deadLetterTopic)
                        .forEach(partition -> records.readAll(
                                partition,
                                letter -> whereItStood(letter.headers()).ifPresent(found::add)));
            }
            return found;
        }

        /** That of a letter that this operator wrote: in a topic that several share, others may have failed on what it has processed. */
        private Optional<Coordinates> whereItStood(Headers letter) {
            return Marks.isMarkedBy(settings.name(), letter) ? Marks.whereItStood(letter) : Optional.empty();
        }

        private void read(Part part, ChangelogSeeder seeding) {
            TopicPartition partition = part.partition();
            long start = records.start(partition);
            long needed = timeAtTheEnd(part, start)
                    - settings.policy().ttl().toMillis()
                    - settings.policy().allowedLateness().toMillis();
            long offset = Math.max(
                    start, records.firstSince(partition, Math.max(0, needed)).orElse(part.end()));
            records.read(partition, offset, part.end(), record -> seeding.take(record, part.topic()));
        }

        /** The highest event time, but not after now, among the last records before the end. */
        private long timeAtTheEnd(Part part, long start) {
            long[] time = {0};
            long now = clock.millis();
            long tail = Math.max(start, part.end() - TAIL);
            records.read(part.partition(), tail, part.end(), record -> {
                if (!settings.policy().isFuture(record.timestamp(), now)) {
                    time[0] = Math.max(time[0], Math.min(record.timestamp(), now));
                }
            });
            return time[0];
        }

        private void write(
                SeedLog log, KafkaProducer<byte[], byte[]> producer, Map<TopicPartition, OffsetAndMetadata> handedOn) {
            producer.initTransactions();
            producer.beginTransaction();
            try {
                log.writeTo((partition, key, value) -> send(producer, partition, key, value));
                if (!handedOn.isEmpty()) {
                    AdminCalls.get(
                            admin.alterConsumerGroupOffsets(applicationId(), handedOn)
                                    .all(),
                            "the offsets of the application");
                }
                producer.commitTransaction();
            } catch (ProducerFencedException fenced) {
                throw new IllegalStateException(
                        "The seeding took longer than its transaction may (set producer.transaction.timeout.ms and the"
                                + " brokers' transaction.max.timeout.ms), or another warm start has begun to seed",
                        fenced);
            } catch (RuntimeException failed) {
                abort(producer, failed);
                throw failed;
            }
        }

        private static void abort(KafkaProducer<?, ?> producer, RuntimeException failed) {
            try {
                producer.abortTransaction();
            } catch (KafkaException whileAborting) {
                failed.addSuppressed(whileAborting);
            }
        }

        @SuppressWarnings("FutureReturnValueIgnored") // a failed send fails the commit of the transaction
        private void send(KafkaProducer<byte[], byte[]> producer, int partition, byte[] key, byte[] value) {
            producer.send(new ProducerRecord<>(changelog.topic(), partition, clock.millis(), key, value));
        }

        private KafkaProducer<byte[], byte[]> producer() {
            Map<String, Object> configs = new HashMap<>(config.getProducerConfigs(client));
            configs.put(ProducerConfig.TRANSACTIONAL_ID_CONFIG, client);
            configs.put(ProducerConfig.ENABLE_IDEMPOTENCE_CONFIG, true);
            Object asked =
                    config.originals().get(StreamsConfig.producerPrefix(ProducerConfig.TRANSACTION_TIMEOUT_CONFIG));
            configs.put(
                    ProducerConfig.TRANSACTION_TIMEOUT_CONFIG,
                    asked == null ? Math.toIntExact(TRANSACTION_TIMEOUT.toMillis()) : asked);
            return new KafkaProducer<>(configs, new ByteArraySerializer(), new ByteArraySerializer());
        }

        @Override
        public void close() {
            records.close();
            admin.close();
        }
    }
}
