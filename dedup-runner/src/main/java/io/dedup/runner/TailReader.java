// SPDX-License-Identifier: Apache-2.0
package io.dedup.runner;

import io.dedup.streams.internal.changelog.CommittedRecords;
import java.util.HashMap;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.streams.StreamsConfig;

/**
 * Finds where the records of partitions end, which is before the end of the partition if transaction markers or aborted
 * records come last; a relay never commits those. Confined to one thread.
 */
final class TailReader implements AutoCloseable {
    private static final long FIRST_STEP = 100;

    private final CommittedRecords records;

    TailReader(Properties application) {
        this.records = new CommittedRecords(new StreamsConfig(application), "dedup-tail");
    }

    /**
     * Offsets to be relayed.
     *
     * @param from the first of them
     * @param end after the last of them
     */
    record OffsetRange(long from, long end) {
        /** How many of them are left when everything before that offset is committed. */
        long left(long committed) {
            return Math.max(0, end - Math.max(from, committed));
        }
    }

    /**
     * What is to be relayed of each partition, without those of which nothing is.
     *
     * @param ends the ends of the partitions
     * @param begins where the relay starts in them
     */
    Map<TopicPartition, OffsetRange> stretches(Map<TopicPartition, Long> ends, Map<TopicPartition, Long> begins) {
        Map<TopicPartition, OffsetRange> found = new HashMap<>();
        ends.forEach((partition, end) -> {
            long from = Math.max(begins.getOrDefault(partition, 0L), records.start(partition));
            long last = lastRecord(partition, from, end);
            if (last >= from) {
                found.put(partition, new OffsetRange(from, last + 1));
            }
        });
        return found;
    }

    /** The offset of the last record in between; -1 if there is none. */
    private long lastRecord(TopicPartition partition, long start, long end) {
        long step = FIRST_STEP;
        for (long upTo = end; upTo > start; step *= 10) {
            long from = Math.max(start, upTo - step);
            AtomicLong last = new AtomicLong(-1);
            records.read(partition, from, upTo, record -> last.set(record.offset()));
            if (last.get() >= 0) {
                return last.get();
            }
            upTo = from;
        }
        return -1;
    }

    @Override
    public void close() {
        records.close();
    }
}
