// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.changelog;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndTimestamp;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.streams.StreamsConfig;

/**
 * Reads the committed records of partitions between two offsets, outside of any group.
 *
 * <p>Confined to one thread. Every method throws what Kafka's consumer throws if the cluster does not answer.
 */
public final class CommittedRecords implements AutoCloseable {
    private static final Duration POLL = Duration.ofMillis(200);
    private static final Duration PATIENCE = Duration.ofMinutes(1);
    private static final long FIRST_STEP = 100;

    private final KafkaConsumer<byte[], byte[]> consumer;

    /**
     * A reader with the security and other consumer settings of that application.
     *
     * @param client names it in the brokers' logs
     */
    public CommittedRecords(StreamsConfig config, String client) {
        Map<String, Object> configs = new HashMap<>(config.getRestoreConsumerConfigs(client));
        configs.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
        this.consumer = new KafkaConsumer<>(configs, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    }

    /** The partitions of that topic; empty if there is no such topic. */
    public List<TopicPartition> partitions(String topic) {
        return consumer.partitionsFor(topic).stream()
                .map(info -> new TopicPartition(topic, info.partition()))
                .toList();
    }

    /** The offset of the oldest record that is kept. */
    public long start(TopicPartition partition) {
        return offset(consumer.beginningOffsets(List.of(partition)), partition);
    }

    /** The offset after the last one that is decided: what comes later may belong to an open transaction. */
    public long end(TopicPartition partition) {
        return offset(consumer.endOffsets(List.of(partition)), partition);
    }

    private static long offset(Map<TopicPartition, Long> offsets, TopicPartition partition) {
        return Objects.requireNonNull(offsets.get(partition), () -> "no offset of " + partition);
    }

    /**
     * The offset of the first record of that time or later; empty if there is none.
     *
     * @param timestamp in milliseconds since the epoch, not negative
     */
    public OptionalLong firstSince(TopicPartition partition, long timestamp) {
        OffsetAndTimestamp found =
                consumer.offsetsForTimes(Map.of(partition, timestamp)).get(partition);
        return found == null ? OptionalLong.empty() : OptionalLong.of(found.offset());
    }

    /**
     * Reads a partition from one offset up to and without another.
     *
     * @throws KafkaException if it stands still for a minute before the end
     */
    public void read(TopicPartition partition, long from, long end, Consumer<ConsumerRecord<byte[], byte[]>> taker) {
        read(partition, from, end, taker, () -> false);
    }

    private void read(
            TopicPartition partition,
            long from,
            long end,
            Consumer<ConsumerRecord<byte[], byte[]>> taker,
            BooleanSupplier isEnough) {
        consumer.assign(List.of(partition));
        consumer.seek(partition, from);
        // The position passes what is not shown: transaction markers, and what was aborted or compacted away.
        long position = from;
        long movedAt = System.nanoTime();
        while (position < end && !isEnough.getAsBoolean()) {
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

    /** Reads all of a partition that is there now. */
    public void readAll(TopicPartition partition, Consumer<ConsumerRecord<byte[], byte[]>> taker) {
        read(partition, start(partition), end(partition), taker);
    }

    /** Whether there is a record in the partition now. */
    public boolean hasRecords(TopicPartition partition) {
        AtomicBoolean found = new AtomicBoolean();
        read(partition, start(partition), end(partition), record -> found.set(true), found::get);
        return found.get();
    }

    /** The last record of the partition; empty if there is none. */
    public Optional<ConsumerRecord<byte[], byte[]>> last(TopicPartition partition) {
        long start = start(partition);
        long upTo = end(partition);
        // Transaction markers and aborted records may come last, and are not shown.
        for (long step = FIRST_STEP; upTo > start; step *= 10) {
            long from = Math.max(start, upTo - step);
            AtomicReference<ConsumerRecord<byte[], byte[]>> last = new AtomicReference<>();
            read(partition, from, upTo, last::set);
            if (last.get() != null) {
                return Optional.of(last.get());
            }
            upTo = from;
        }
        return Optional.empty();
    }

    @Override
    public void close() {
        consumer.close();
    }
}
