// SPDX-License-Identifier: Apache-2.0
package io.dedup.bench;

import io.dedup.bench.load.Load;
import io.dedup.bench.load.LoadGenerator;
import io.dedup.bench.mode.Mode;
import io.dedup.bench.process.BrokerMain;
import io.dedup.bench.process.ChildJvm;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListOffsetsResult.ListOffsetsResultInfo;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.jspecify.annotations.Nullable;

/** A broker in a process of its own, and what has to be asked of it. Confined to one thread. */
final class Cluster implements AutoCloseable {
    /** Event times are days in the past, and nothing is to be deleted for that. */
    private static final Map<String, String> TOPIC =
            Map.of("message.timestamp.type", "CreateTime", "retention.ms", "-1");

    private final ChildJvm broker;
    private final String bootstrapServers;
    private final Admin admin;

    private Cluster(ChildJvm broker, String bootstrapServers) {
        this.broker = broker;
        this.bootstrapServers = bootstrapServers;
        this.admin = Admin.create(Map.of("bootstrap.servers", bootstrapServers));
    }

    /** Starts a broker with that heap, and its data and log in that directory. */
    static Cluster start(String heap, Path directory) {
        ChildJvm broker = ChildJvm.start(
                BrokerMain.class,
                List.of("-Xms" + heap, "-Xmx" + heap, "-Djava.io.tmpdir=" + directory),
                List.of(),
                directory.resolve("broker.log"));
        try {
            return new Cluster(broker, broker.answer());
        } catch (RuntimeException failed) {
            broker.close();
            throw failed;
        }
    }

    /** Where clients connect. */
    String bootstrapServers() {
        return bootstrapServers;
    }

    /** Makes topics of one partition. */
    void create(String... topics) {
        List<NewTopic> wanted = new ArrayList<>();
        for (String topic : topics) {
            wanted.add(new NewTopic(topic, 1, (short) 1).configs(TOPIC));
        }
        answer(admin.createTopics(wanted).all());
    }

    /** Fills that topic with the first records of a load. */
    void load(String topic, Load load, long records) {
        LoadGenerator generator = new LoadGenerator(load);
        try (KafkaProducer<byte[], byte[]> producer = producer()) {
            Future<RecordMetadata> last = null;
            for (long i = 0; i < records; i++) {
                generator.next();
                last = producer.send(record(topic, generator));
            }
            producer.flush();
            if (last != null) {
                answer(last);
            }
        }
    }

    /** A producer for loads: uncompressed, in large batches. */
    KafkaProducer<byte[], byte[]> producer() {
        Map<String, Object> configs = Map.of(
                "bootstrap.servers",
                bootstrapServers,
                "compression.type",
                "none",
                "linger.ms",
                20,
                "batch.size",
                512 * 1024);
        return new KafkaProducer<>(configs, new ByteArraySerializer(), new ByteArraySerializer());
    }

    /** The generator's record; its own key is its idempotency key too, for those that look nowhere else. */
    static ProducerRecord<byte[], byte[]> record(String topic, LoadGenerator generator) {
        byte[] key = generator.key();
        ProducerRecord<byte[], byte[]> record =
                new ProducerRecord<>(topic, 0, generator.timestamp(), key, generator.value());
        record.headers().add(Mode.KEY_HEADER, key);
        return record;
    }

    /** How many committed records there are in that topic, by reading them. */
    long count(String topic) {
        TopicPartition partition = new TopicPartition(topic, 0);
        long count = 0;
        try (KafkaConsumer<byte[], byte[]> consumer = committedReader()) {
            consumer.assign(List.of(partition));
            consumer.seekToBeginning(List.of(partition));
            long end = consumer.endOffsets(List.of(partition)).getOrDefault(partition, 0L);
            while (consumer.position(partition) < end) {
                count += consumer.poll(Duration.ofMillis(200)).count();
            }
        }
        return count;
    }

    /** A consumer that sees nothing but what is committed. */
    KafkaConsumer<byte[], byte[]> committedReader() {
        Map<String, Object> configs =
                Map.of("bootstrap.servers", bootstrapServers, "isolation.level", "read_committed");
        return new KafkaConsumer<>(configs, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    }

    /** The topics whose names begin and end like that. */
    List<String> topics(String prefix, String suffix) {
        return answer(admin.listTopics().names()).stream()
                .filter(name -> name.startsWith(prefix) && name.endsWith(suffix))
                .toList();
    }

    /** How many bytes these topics have on the broker's disk. */
    long bytes(Collection<String> topics) {
        return answer(admin.describeLogDirs(List.of(1)).allDescriptions()).values().stream()
                .flatMap(directories -> directories.values().stream())
                .flatMap(directory -> directory.replicaInfos().entrySet().stream())
                .filter(replica -> topics.contains(replica.getKey().topic()))
                .mapToLong(replica -> replica.getValue().size())
                .sum();
    }

    /** How many offsets these topics hold, with the markers of transactions among them. */
    long offsets(Collection<String> topics) {
        return edges(topics, OffsetSpec.latest()) - edges(topics, OffsetSpec.earliest());
    }

    private long edges(Collection<String> topics, OffsetSpec edge) {
        Map<TopicPartition, OffsetSpec> asked = new HashMap<>();
        topics.forEach(topic -> asked.put(new TopicPartition(topic, 0), edge));
        return answer(admin.listOffsets(asked).all()).values().stream()
                .mapToLong(ListOffsetsResultInfo::offset)
                .sum();
    }

    /** Up to where an application has committed a topic of one partition; 0 if it has not. */
    long committed(String applicationId, String topic) {
        @Nullable
        OffsetAndMetadata committed = answer(
                        admin.listConsumerGroupOffsets(applicationId).partitionsToOffsetAndMetadata())
                .get(new TopicPartition(topic, 0));
        return committed == null ? 0 : committed.offset();
    }

    /** Deletes that topic. */
    void delete(String topic) {
        answer(admin.deleteTopics(List.of(topic)).all());
    }

    /** Deletes every topic whose name begins like that, and the consumer group of that name. */
    void forget(String applicationId) {
        answer(admin.deleteTopics(topics(applicationId + "-", "")).all());
        answer(admin.deleteConsumerGroups(List.of(applicationId)).all());
    }

    private static <T extends @Nullable Object> T answer(Future<T> future) {
        try {
            return future.get();
        } catch (ExecutionException failed) {
            throw new BenchFailedException("The broker did not do as asked", failed);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new BenchFailedException("Interrupted", interrupted);
        }
    }

    @Override
    public void close() {
        admin.close(Duration.ofSeconds(5));
        broker.close();
    }
}
