// SPDX-License-Identifier: Apache-2.0
package io.dedup.runner;

import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.streams.StreamsConfig;

/** Where a relay is in its topics, and where it starts. Confined to one thread. */
final class Offsets {
    private static final String BY_DURATION = "by_duration:";

    private final String applicationId;
    private final String reset;
    private final Admin admin;

    Offsets(Properties application, Admin admin) {
        this.applicationId = application.getProperty(StreamsConfig.APPLICATION_ID_CONFIG);
        Object policy = new StreamsConfig(application)
                .getMainConsumerConfigs(applicationId, applicationId, 0)
                .get(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG);
        this.reset = String.valueOf(policy).toLowerCase(Locale.ROOT);
        this.admin = admin;
    }

    /** What is done where there is no offset to go on from, as {@code auto.offset.reset} says it. */
    String reset() {
        return reset;
    }

    /** Whether records are skipped where there is no offset to go on from, or the relay stops there. */
    boolean isResetPastRecords() {
        return reset.equals("latest") || reset.equals("none");
    }

    /** How far the application is. */
    Map<TopicPartition, Long> committed() {
        Map<TopicPartition, Long> committed = new HashMap<>();
        AdminCalls.of(admin.listConsumerGroupOffsets(applicationId).partitionsToOffsetAndMetadata())
                .forEach((partition, offset) -> {
                    if (offset != null) {
                        committed.put(partition, offset.offset());
                    }
                });
        return committed;
    }

    /** The first offsets that the topics still have. */
    Map<TopicPartition, Long> starts(Collection<TopicPartition> partitions) {
        return at(partitions, OffsetSpec.earliest(), IsolationLevel.READ_UNCOMMITTED);
    }

    /** The offsets after the last records, of transactions that have not ended too. */
    Map<TopicPartition, Long> ends(Collection<TopicPartition> partitions) {
        return at(partitions, OffsetSpec.latest(), IsolationLevel.READ_UNCOMMITTED);
    }

    /** The offsets after the last records of transactions that have ended. */
    Map<TopicPartition, Long> stableEnds(Collection<TopicPartition> partitions) {
        return at(partitions, OffsetSpec.latest(), IsolationLevel.READ_COMMITTED);
    }

    /**
     * Where the application starts in those partitions.
     *
     * @param committed how far it is
     */
    Map<TopicPartition, Long> begins(Collection<TopicPartition> partitions, Map<TopicPartition, Long> committed) {
        Map<TopicPartition, Long> starts = starts(partitions);
        Map<TopicPartition, Long> ends = ends(partitions);
        Map<TopicPartition, Long> resets = resets(partitions, starts, ends);
        Map<TopicPartition, Long> begins = new HashMap<>();
        for (TopicPartition partition : partitions) {
            Long at = committed.get(partition);
            boolean isUsable =
                    at != null && at >= starts.getOrDefault(partition, 0L) && at <= ends.getOrDefault(partition, 0L);
            begins.put(partition, isUsable ? at : resets.getOrDefault(partition, 0L));
        }
        return begins;
    }

    private Map<TopicPartition, Long> resets(
            Collection<TopicPartition> partitions, Map<TopicPartition, Long> starts, Map<TopicPartition, Long> ends) {
        if (isResetPastRecords()) {
            return ends;
        } else if (!reset.startsWith(BY_DURATION)) {
            return starts;
        }
        Duration back = Duration.parse(reset.substring(BY_DURATION.length()).toUpperCase(Locale.ROOT));
        long time = System.currentTimeMillis() - back.toMillis();
        Map<TopicPartition, Long> resets = new HashMap<>(ends);
        at(partitions, OffsetSpec.forTimestamp(time), IsolationLevel.READ_UNCOMMITTED)
                .forEach((partition, offset) -> {
                    if (offset >= 0) {
                        resets.put(partition, offset);
                    }
                });
        return resets;
    }

    private Map<TopicPartition, Long> at(Collection<TopicPartition> partitions, OffsetSpec spec, IsolationLevel level) {
        Map<TopicPartition, OffsetSpec> wanted = new HashMap<>();
        partitions.forEach(partition -> wanted.put(partition, spec));
        Map<TopicPartition, Long> offsets = new HashMap<>();
        AdminCalls.of(admin.listOffsets(wanted, new ListOffsetsOptions(level)).all())
                .forEach((partition, found) -> offsets.put(partition, found.offset()));
        return offsets;
    }
}
