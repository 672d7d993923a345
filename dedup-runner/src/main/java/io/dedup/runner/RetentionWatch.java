// SPDX-License-Identifier: Apache-2.0
package io.dedup.runner;

import io.dedup.config.ConfigProblem;
import io.dedup.config.ConfigProblem.Code;
import io.dedup.config.DedupConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.TopicPartition;

/**
 * Looks whether source topics delete records that a running relay has not read: Kafka's consumer goes on behind them, and commits an
 * offset by which nothing is missing any more. Confined to one thread.
 */
final class RetentionWatch {
    private final Properties application;
    private final Set<String> sources;
    private Map<TopicPartition, Long> committed = Map.of();

    RetentionWatch(Properties application, DedupConfig config) {
        this.application = application;
        this.sources = Set.copyOf(config.sources());
    }

    /**
     * The partitions that begin behind where the relay was when this was called before. What was read in between is among the records
     * that are counted.
     *
     * @throws org.apache.kafka.common.KafkaException if the cluster does not answer
     */
    List<ConfigProblem> overtaken(Admin admin) {
        Offsets offsets = new Offsets(application, admin);
        Map<TopicPartition, Long> starts = offsets.starts(committed.keySet());
        List<ConfigProblem> problems = new ArrayList<>();
        starts.forEach((partition, start) -> {
            long at = committed.getOrDefault(partition, start);
            if (at < start) {
                problems.add(problem(partition, at, start));
            }
        });
        committed = offsets.committed().entrySet().stream()
                .filter(entry -> sources.contains(entry.getKey().topic()))
                .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue));
        return problems;
    }

    /** That a partition has deleted records from behind that offset. */
    static ConfigProblem problem(TopicPartition partition, long committed, long start) {
        return new ConfigProblem(
                Code.RECORDS_DELETED_UNREAD,
                DedupConfig.ROUTES,
                partition.topic(),
                partition + " begins at offset " + start + ", and the relay was at " + committed + ": up to "
                        + (start - committed) + " records were deleted before it read them",
                "Have the topic keep its records (retention.ms, retention.bytes) for longer than the relay is ever behind");
    }
}
