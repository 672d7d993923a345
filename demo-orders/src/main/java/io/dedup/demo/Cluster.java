// SPDX-License-Identifier: Apache-2.0
package io.dedup.demo;

import io.dedup.demo.report.Progress;
import io.dedup.demo.traffic.Topics;
import io.dedup.embedded.EmbeddedBroker;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.ApiException;
import org.apache.kafka.common.errors.InvalidReplicationFactorException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The Kafka cluster of a run: a broker inside this JVM, or a cluster that is there.
 *
 * <p>Thread-safe, except {@link #read}.
 */
final class Cluster implements AutoCloseable {
    private static final Logger LOGGER = LoggerFactory.getLogger(Cluster.class);
    private static final String AFTER_MAX = "message.timestamp.after.max.ms";
    private static final String BEFORE_MAX = "message.timestamp.before.max.ms";
    private static final String TIMESTAMP_TYPE = "message.timestamp.type";
    /** Old records must not be deleted during the run, and records with a broken clock must get in. */
    private static final Map<String, String> ANY_TIME =
            Map.of("retention.ms", "-1", AFTER_MAX, String.valueOf(Long.MAX_VALUE), TIMESTAMP_TYPE, "CreateTime");

    private static final Duration READY_WITHIN = Duration.ofSeconds(60);
    private static final Duration LOOK_EVERY = Duration.ofMillis(200);

    private final @Nullable EmbeddedBroker broker;
    private final String bootstrapServers;
    private final Admin admin;

    private Cluster(@Nullable EmbeddedBroker broker, String bootstrapServers) {
        this.broker = broker;
        this.bootstrapServers = bootstrapServers;
        this.admin = Admin.create(Map.of("bootstrap.servers", bootstrapServers, "default.api.timeout.ms", "30000"));
    }

    /**
     * The cluster at those addresses if there are any, else a broker inside this JVM.
     *
     * @param bootstrapServers null for none
     */
    static Cluster open(@Nullable String bootstrapServers, Progress progress) {
        if (bootstrapServers != null) {
            progress.say("Using the cluster at " + bootstrapServers);
            return at(bootstrapServers);
        }
        progress.say("Starting a Kafka broker inside this JVM …");
        return embedded();
    }

    /** Starts a broker inside this JVM. */
    static Cluster embedded() {
        EmbeddedBroker broker = EmbeddedBroker.start();
        return new Cluster(broker, broker.bootstrapServers());
    }

    /** The cluster at {@code HOST:PORT,HOST:PORT…}. */
    static Cluster at(String bootstrapServers) {
        try {
            return new Cluster(null, bootstrapServers);
        } catch (KafkaException unusable) {
            Throwable cause = unusable.getCause() == null ? unusable : unusable.getCause();
            throw new DemoFailedException(
                    "There is no cluster at " + bootstrapServers + ": " + cause.getMessage(), unusable);
        }
    }

    String bootstrapServers() {
        return bootstrapServers;
    }

    /**
     * Makes the topics that are not there, and checks those that are.
     *
     * @return how many partitions the topics have
     * @throws DemoFailedException if the cluster does not answer, or a topic that is there cannot be used
     */
    int prepareTopics(int partitions) {
        Set<String> existing = answer(admin.listTopics().names());
        List<String> wanted = new ArrayList<>(List.of(Topics.DUPLICATES, Topics.DEAD_LETTERS));
        for (String input : Topics.INPUTS) {
            wanted.add(input);
            wanted.add(Topics.unique(input));
        }
        List<String> inputs = Topics.INPUTS.stream().filter(existing::contains).toList();
        inputs.forEach(this::requireAnyTime);
        Set<Integer> counts = describe(inputs).values().stream()
                .map(topic -> topic.partitions().size())
                .collect(Collectors.toSet());
        if (counts.size() > 1) {
            throw new DemoFailedException(
                    "The topics " + Topics.INPUTS + " have different numbers of partitions; make them equal");
        }
        int count = counts.isEmpty() ? partitions : counts.iterator().next();
        List<NewTopic> missing = wanted.stream()
                .filter(topic -> !existing.contains(topic))
                .map(topic -> new NewTopic(topic, Optional.of(count), Optional.empty()).configs(ANY_TIME))
                .toList();
        patiently(
                InvalidReplicationFactorException.class,
                () -> admin.createTopics(missing).all());
        describe(wanted);
        return count;
    }

    /**
     * Leaves the topics to an application that goes on where it was, if there is one.
     *
     * @throws DemoFailedException if it has ever run here
     */
    void requireNobodyElses(String lastingId) {
        if (hasRun(lastingId)) {
            throw new DemoFailedException(
                    "The topics of the cluster at " + bootstrapServers + " belong to the demo that serves"
                            + " there with a database, which would book what this one sends. Use another cluster, or add --database, or"
                            + " delete the group " + lastingId);
        }
    }

    private boolean hasRun(String applicationId) {
        return !answer(admin.listConsumerGroupOffsets(applicationId).partitionsToOffsetAndMetadata())
                .isEmpty();
    }

    private void requireAnyTime(String topic) {
        ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
        Config config = answer(admin.describeConfigs(List.of(resource)).all())
                .values()
                .iterator()
                .next();
        boolean anyTime = Stream.of(AFTER_MAX, BEFORE_MAX)
                .allMatch(bound -> config.get(bound).value().equals(String.valueOf(Long.MAX_VALUE)));
        boolean createTime = config.get(TIMESTAMP_TYPE).value().equals("CreateTime");
        if (!anyTime || !createTime) {
            throw new DemoFailedException("The topic '" + topic + "' is there and refuses or changes the times that the"
                    + " demo sends. Set its " + AFTER_MAX + " and " + BEFORE_MAX + " to " + Long.MAX_VALUE + " and "
                    + TIMESTAMP_TYPE
                    + "=CreateTime, or delete it");
        }
    }

    /** The end of every partition of these topics. */
    Map<TopicPartition, Long> ends(Collection<String> topics) {
        Map<TopicPartition, OffsetSpec> latest = describe(topics).values().stream()
                .flatMap(topic -> topic.partitions().stream()
                        .map(partition -> new TopicPartition(topic.name(), partition.partition())))
                .collect(Collectors.toMap(Function.identity(), partition -> OffsetSpec.latest()));
        return answer(admin.listOffsets(latest).all()).entrySet().stream()
                .collect(Collectors.toMap(
                        Map.Entry::getKey, end -> end.getValue().offset()));
    }

    /** Those of these topics that are there. */
    Set<String> existing(Collection<String> topics) {
        Set<String> there = answer(admin.listTopics().names());
        return topics.stream().filter(there::contains).collect(Collectors.toSet());
    }

    /** Lets an application that has not run yet begin there. */
    void beginAt(String applicationId, Map<TopicPartition, Long> offsets) {
        answer(admin.alterConsumerGroupOffsets(
                        applicationId,
                        offsets.entrySet().stream()
                                .collect(Collectors.toMap(
                                        Map.Entry::getKey, start -> new OffsetAndMetadata(start.getValue()))))
                .all());
    }

    /** How many records of these the application has not committed. */
    long remaining(String applicationId, Map<TopicPartition, Long> ends) {
        Map<TopicPartition, OffsetAndMetadata> committed =
                answer(admin.listConsumerGroupOffsets(applicationId).partitionsToOffsetAndMetadata());
        return ends.entrySet().stream()
                .mapToLong(end -> {
                    OffsetAndMetadata offset = committed.get(end.getKey());
                    return offset == null ? end.getValue() : Math.max(0, end.getValue() - offset.offset());
                })
                .sum();
    }

    /** Hands every committed record from these offsets on to the reader. */
    void read(Map<TopicPartition, Long> starts, Consumer<ConsumerRecord<byte[], byte[]>> reader) {
        Map<String, Object> config = Map.of("bootstrap.servers", bootstrapServers, "isolation.level", "read_committed");
        try (var consumer = new KafkaConsumer<>(config, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            consumer.assign(starts.keySet());
            starts.forEach(consumer::seek);
            Map<TopicPartition, Long> ends = consumer.endOffsets(starts.keySet());
            while (starts.keySet().stream().anyMatch(p -> consumer.position(p) < ends.getOrDefault(p, 0L))) {
                consumer.poll(Duration.ofMillis(200)).forEach(reader);
            }
        }
    }

    /** Removes what an application that will not come back has left in the cluster, as far as that can be done. */
    void forget(String applicationId) {
        try {
            List<String> internal = answer(admin.listTopics().names()).stream()
                    .filter(topic -> topic.startsWith(applicationId + "-"))
                    .toList();
            answer(admin.deleteTopics(internal).all());
            answer(admin.deleteConsumerGroups(List.of(applicationId)).all());
        } catch (DemoFailedException left) {
            LOGGER.warn("Something of {} is left in the cluster", applicationId, left);
        }
    }

    private Map<String, TopicDescription> describe(Collection<String> topics) {
        // A broker hears of topics a moment after they have been made.
        return patiently(
                UnknownTopicOrPartitionException.class,
                () -> admin.describeTopics(topics).allTopicNames());
    }

    /** What the cluster answers when it is ready to: asked again for a while, as long as it says that it is not. */
    private <T extends @Nullable Object> T patiently(
            Class<? extends ApiException> notYet, Supplier<KafkaFuture<T>> question) {
        long until = System.nanoTime() + READY_WITHIN.toNanos();
        while (true) {
            try {
                return answer(question.get());
            } catch (DemoFailedException failed) {
                Throwable refused =
                        failed.getCause() == null ? null : failed.getCause().getCause();
                if (!notYet.isInstance(refused) || System.nanoTime() > until) {
                    throw failed;
                }
                LOGGER.info("Once more in {}: {}", LOOK_EVERY, failed.getMessage());
                LockSupport.parkNanos(LOOK_EVERY.toNanos());
            }
        }
    }

    private <T extends @Nullable Object> T answer(KafkaFuture<T> future) {
        try {
            return future.get();
        } catch (ExecutionException failed) {
            if (failed.getCause() instanceof TimeoutException) {
                throw new DemoFailedException("No broker answers at " + bootstrapServers, failed);
            }
            throw new DemoFailedException(
                    "The cluster at " + bootstrapServers + " did not do as asked: "
                            + (failed.getCause() == null ? failed : failed.getCause()).getMessage(),
                    failed);
        } catch (InterruptedException stopped) {
            // Not set again: what has been started is now stopped, which takes calls that must not be interrupted.
            throw new DemoFailedException("Interrupted", stopped);
        }
    }

    @Override
    public void close() {
        admin.close(Duration.ofSeconds(5));
        if (broker != null) {
            broker.close();
        }
    }
}
