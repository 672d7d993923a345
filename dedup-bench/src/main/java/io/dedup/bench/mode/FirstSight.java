// SPDX-License-Identifier: Apache-2.0
package io.dedup.bench.mode;

import java.lang.management.ManagementFactory;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.clients.consumer.ConsumerInterceptor;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;

/**
 * Notes when a consumer of this JVM is given its first records, and passes everything on. Costs one read of a field for each
 * poll.
 */
public final class FirstSight implements ConsumerInterceptor<byte[], byte[]> {
    private static final AtomicReference<@Nullable Moment> FIRST = new AtomicReference<>();

    /**
     * A moment.
     *
     * @param nanos as of {@link System#nanoTime}
     * @param cpuNanos what this process has used until then
     */
    public record Moment(long nanos, long cpuNanos) {
        /** This one. */
        public static Moment now() {
            var system = (com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
            return new Moment(System.nanoTime(), system.getProcessCpuTime());
        }
    }

    /** The moment of the first records; null if there were none yet. */
    public static @Nullable Moment moment() {
        return FIRST.get();
    }

    @Override
    public ConsumerRecords<byte[], byte[]> onConsume(ConsumerRecords<byte[], byte[]> records) {
        if (FIRST.get() == null && !records.isEmpty()) {
            FIRST.compareAndSet(null, Moment.now());
        }
        return records;
    }

    @Override
    public void onCommit(Map<TopicPartition, OffsetAndMetadata> offsets) {}

    @Override
    public void close() {}

    @Override
    public void configure(Map<String, ?> configs) {}
}
