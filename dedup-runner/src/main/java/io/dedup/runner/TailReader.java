// SPDX-License-Identifier: Apache-2.0
package io.dedup.runner;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.streams.StreamsConfig;

/**
 * Finds where the records of partitions end, which is before the end of the partition if transaction markers or aborted
 * records come last; a relay never commits those. Confined to one thread.
 */
final class TailReader implements AutoCloseable {
    private static final Duration POLL = Duration.ofMillis(100);
    private static final long FIRST_STEP = 100;

    private final KafkaConsumer<byte[], byte[]> consumer;

    TailReader(Properties application) {
        Map<String, Object> configs =
                new HashMap<>(new StreamsConfig(application).getRestoreConsumerConfigs("dedup-tail"));
        configs.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
        this.consumer = new KafkaConsumer<>(configs, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    }

    /**
     * The offsets after the last record of each partition that has one that is not committed yet.
     *
     * @param ends the ends of the partitions
     * @param committed how far the relay is; what is not there is at the beginning
     */
    Map<TopicPartition, Long> ends(Map<TopicPartition, Long> ends, Map<TopicPartition, Long> committed) {
        Map<TopicPartition, Long> starts = consumer.beginningOffsets(ends.keySet());
        Map<TopicPartition, Long> found = new HashMap<>();
        ends.forEach((partition, end) -> {
            long start = Math.max(committed.getOrDefault(partition, 0L), starts.getOrDefault(partition, 0L));
            long last = lastRecord(partition, start, end);
            if (last >= start) {
                found.put(partition, last + 1);
            }
        });
        return found;
    }

    /** The offset of the last record in between; -1 if there is none. */
    private long lastRecord(TopicPartition partition, long start, long end) {
        long step = FIRST_STEP;
        for (long upTo = end; upTo > start; step *= 10) {
            long from = Math.max(start, upTo - step);
            long last = -1;
            consumer.assign(List.of(partition));
            consumer.seek(partition, from);
            while (consumer.position(partition) < upTo) {
                for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL).records(partition)) {
                    last = record.offset() < upTo ? record.offset() : last;
                }
            }
            if (last >= 0) {
                return last;
            }
            upTo = from;
        }
        return -1;
    }

    @Override
    public void close() {
        consumer.close();
    }
}
