// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;

/** What is asked of a cluster with plain clients, with errors that say what was asked. Confined to one thread. */
final class Cluster {
    private static final Duration POLL = Duration.ofMillis(200);
    private static final long SLICE = 1_000;
    private static final Duration PATIENCE = Duration.ofMinutes(1);

    private Cluster() {}

    /**
     * The partitions of that topic.
     *
     * @throws IllegalStateException if there is no such topic
     */
    static List<TopicPartition> partitions(Admin admin, String topic) {
        Map<String, TopicDescription> found =
                get(admin.describeTopics(List.of(topic)).allTopicNames(), "the topic " + topic);
        return Objects.requireNonNull(found.get(topic)).partitions().stream()
                .map(partition -> new TopicPartition(topic, partition.partition()))
                .toList();
    }

    /** Reads a partition from one offset up to and without another. */
    static void read(
            KafkaConsumer<byte[], byte[]> consumer,
            TopicPartition partition,
            long from,
            long end,
            Consumer<ConsumerRecord<byte[], byte[]>> taker) {
        consumer.assign(List.of(partition));
        consumer.seek(partition, from);
        // The position passes what is not shown: transaction markers, and what was aborted or compacted away.
        long position = from;
        long movedAt = System.nanoTime();
        while (position < end) {
            for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
                if (record.offset() < end) {
                    taker.accept(record);
                }
            }
            if (consumer.position(partition) > position) {
                position = consumer.position(partition);
                movedAt = System.nanoTime();
            } else if (System.nanoTime() - movedAt > PATIENCE.toNanos()) {
                throw new KafkaException(
                        partition + " stands still at offset " + position + " for " + PATIENCE + ", before " + end);
            }
        }
    }

    /** Whether something committed is between these two offsets. */
    static boolean hasRecords(KafkaConsumer<byte[], byte[]> consumer, TopicPartition partition, long from, long end) {
        AtomicBoolean found = new AtomicBoolean();
        for (long next = from; next < end && !found.get(); next += SLICE) {
            read(consumer, partition, next, Math.min(end, next + SLICE), record -> found.set(true));
        }
        return found.get();
    }

    static long offset(Map<TopicPartition, Long> offsets, TopicPartition partition) {
        return Objects.requireNonNull(offsets.get(partition), () -> "no offset of " + partition);
    }

    /** What the cluster answers. */
    static <T> T get(KafkaFuture<T> future, String what) {
        try {
            return future.get();
        } catch (InterruptedException interrupted) {
            throw new InterruptException(interrupted);
        } catch (ExecutionException failed) {
            if (failed.getCause() instanceof UnknownTopicOrPartitionException) {
                throw new IllegalStateException("There is no such thing on the cluster: " + what, failed.getCause());
            }
            throw new KafkaException("The cluster could not be asked for " + what, failed.getCause());
        }
    }
}
