// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.changelog;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;

/** What is asked of a cluster, with errors that say what was asked. Thread-safe. */
public final class AdminCalls {

    private AdminCalls() {}

    /**
     * The partitions of that topic.
     *
     * @throws IllegalStateException if there is no such topic
     */
    public static List<TopicPartition> partitions(Admin admin, String topic) {
        Map<String, TopicDescription> found =
                get(admin.describeTopics(List.of(topic)).allTopicNames(), "the topic " + topic);
        return Objects.requireNonNull(found.get(topic)).partitions().stream()
                .map(partition -> new TopicPartition(topic, partition.partition()))
                .toList();
    }

    /** What the cluster answers. */
    public static <T> T get(KafkaFuture<T> future, String what) {
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
