// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams;

import io.dedup.IdempotencyKey;
import io.dedup.Partitioning;
import io.dedup.SeenRecord;
import io.dedup.streams.KeyStatus.NotRemembered;
import io.dedup.streams.KeyStatus.Remembered;
import io.dedup.streams.internal.KeyPartitioner;
import io.dedup.streams.internal.changelog.AdminCalls;
import io.dedup.streams.internal.changelog.CommittedRecords;
import io.dedup.streams.internal.operator.DedupSettings;
import io.dedup.streams.internal.store.SeenLog;
import java.time.Instant;
import java.util.List;
import java.util.Properties;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.streams.StreamsConfig;

/**
 * Finds out whether a key is remembered by reading the changelog of the operator's store, whether the application runs or not.
 *
 * <p>It reads the whole of it, or with {@link Partitioning#BY_KEY} one partition; {@link RememberedKeys} asks the running
 * instances instead. What is not committed is not seen.
 *
 * <p>Thread-safe.
 */
public final class ChangelogSearch {
    private ChangelogSearch() {}

    /**
     * Looks for that key.
     *
     * @param properties those of the application
     * @param topic the topic of the operation; does not matter where the operator's scope is not the topic
     * @param key with its source as the operator is configured
     * @param at the event time for which to ask, usually now
     * @return never {@link KeyStatus.Unknown}
     * @throws IllegalStateException if there is no changelog, as before the first start
     * @throws org.apache.kafka.common.KafkaException if the cluster does not answer
     */
    public static KeyStatus find(Dedup dedup, Properties properties, String topic, IdempotencyKey key, Instant at) {
        DedupSettings settings = dedup.settings();
        StreamsConfig config = new StreamsConfig(properties);
        String changelog = settings.changelog(config.getString(StreamsConfig.APPLICATION_ID_CONFIG));
        try (Admin admin = Admin.create(config.getAdminConfigs("dedup-search"));
                CommittedRecords records = new CommittedRecords(config, "dedup-search")) {
            List<TopicPartition> partitions = AdminCalls.partitions(admin, changelog);
            if (settings.partitioning() == Partitioning.BY_KEY) {
                partitions = List.of(partitions.get(KeyPartitioner.partition(key.value(), partitions.size())));
            }
            for (TopicPartition partition : partitions) {
                SeenLog log = new SeenLog(settings.scope().nameFor(topic), key);
                records.readAll(partition, record -> log.take(record.key(), record.value()));
                SeenRecord first =
                        log.covering(at.toEpochMilli(), settings.policy().ttl().toMillis());
                if (first != null) {
                    return new Remembered(partition.partition(), first);
                }
            }
            return new NotRemembered();
        }
    }
}
