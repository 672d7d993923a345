// SPDX-License-Identifier: Apache-2.0
package io.dedup.consumer;

import java.nio.ByteBuffer;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.header.Header;
import org.jspecify.annotations.Nullable;

/**
 * The records of a partition that were read and are not done with, in lanes whose records wait for each other.
 *
 * <p>What may be committed is the offset of the first record that is not done with: those behind it do not count, however
 * many of them are.
 *
 * <p>Thread-safe.
 */
final class PartitionState {
    private static final ByteBuffer NO_KEY = ByteBuffer.allocate(0);

    /** What is committed with an offset: since when the record there has been read, in milliseconds since 1970. */
    private static final String SINCE = "dedup-read-since=";

    private final Clock clock;
    private final @Nullable OffsetAndMetadata found;
    private final ProcessingOrder order;
    /** Starts work on a lane, some time, on some thread. */
    private final Consumer<Lane> start;

    // All guarded by this.
    private final Map<Object, Lane> lanes = new HashMap<>();
    private final NavigableMap<Long, Open> open = new TreeMap<>();
    private long openBytes;
    private @Nullable OffsetAndMetadata afterLast;
    private @Nullable OffsetAndMetadata committed;
    private int running;
    private boolean stopped;

    /**
     * @param found what has been committed of the partition before; null if nothing has
     */
    PartitionState(ProcessingOrder order, Clock clock, @Nullable OffsetAndMetadata found, Consumer<Lane> start) {
        this.clock = clock;
        this.found = found;
        this.order = order;
        this.start = start;
    }

    /**
     * Takes records that were read.
     *
     * @param next what is read after them
     */
    synchronized void add(List<ConsumerRecord<byte[], byte[]>> records, OffsetAndMetadata next) {
        if (committed != null && next.offset() < committed.offset()) {
            committed = null; // The topic has been re-created.
        }
        afterLast = next;
        for (ConsumerRecord<byte[], byte[]> record : records) {
            Open added = new Open(bytes(record), since(record.offset()));
            Open before = open.put(record.offset(), added);
            openBytes += added.bytes() - (before == null ? 0 : before.bytes());
            Lane lane = lanes.computeIfAbsent(laneOf(record), Lane::new);
            lane.waiting.add(record);
            if (lane.waiting.size() == 1) {
                start.accept(lane);
            }
        }
    }

    private Object laneOf(ConsumerRecord<byte[], byte[]> record) {
        return switch (order) {
            case PARTITION -> NO_KEY;
            case KEY -> record.key() == null ? NO_KEY : ByteBuffer.wrap(record.key());
            case UNORDERED -> record.offset();
        };
    }

    /**
     * A record that was read and is not done with.
     *
     * @param since when it was first read, by this member or an earlier one
     */
    private record Open(long bytes, long since) {}

    /** A restart does not make a record younger that has held up its partition. */
    private long since(long offset) {
        if (found != null && found.offset() == offset && found.metadata().startsWith(SINCE)) {
            try {
                return Long.parseLong(found.metadata().substring(SINCE.length()));
            } catch (NumberFormatException ofSomethingElse) {
                return clock.millis();
            }
        }
        return clock.millis();
    }

    private static long bytes(ConsumerRecord<byte[], byte[]> record) {
        long bytes = Math.max(0L, record.serializedKeySize()) + Math.max(0L, record.serializedValueSize());
        for (Header header : record.headers()) {
            bytes += header.key().length() + (header.value() == null ? 0 : header.value().length);
        }
        return bytes;
    }

    /** How many records are not done with. */
    synchronized int size() {
        return open.size();
    }

    /** How many bytes of keys, values and headers they have. */
    synchronized long bytes() {
        return openBytes;
    }

    /** How far the partition was read beyond what may be committed. */
    synchronized long uncommitted() {
        return open.isEmpty() || afterLast == null ? 0 : afterLast.offset() - open.firstKey();
    }

    /** How long the first record that is not done with has been read; zero if there is none. */
    synchronized Duration oldestAge() {
        return open.isEmpty()
                ? Duration.ZERO
                : Duration.ofMillis(
                        clock.millis() - open.firstEntry().getValue().since());
    }

    /** The offset of the first record that is not done with; -1 if there is none. */
    synchronized long firstOpen() {
        return open.isEmpty() ? -1 : open.firstKey();
    }

    /** What may be committed, unless it has been. */
    synchronized Optional<OffsetAndMetadata> toCommit() {
        if (afterLast == null) {
            return Optional.empty();
        }
        OffsetAndMetadata position = open.isEmpty()
                ? afterLast
                : new OffsetAndMetadata(
                        open.firstKey(),
                        Optional.empty(),
                        SINCE + open.firstEntry().getValue().since());
        return committed != null && committed.offset() >= position.offset() ? Optional.empty() : Optional.of(position);
    }

    /** What has been committed. */
    synchronized void committed(OffsetAndMetadata position) {
        if (committed == null || committed.offset() < position.offset()) {
            committed = position;
        }
    }

    /** Begins no more records. */
    synchronized void stop() {
        stopped = true;
    }

    /**
     * Waits for records that are being worked on.
     *
     * @return whether none is
     */
    synchronized boolean awaitIdle(Duration atMost) throws InterruptedException {
        long until = System.nanoTime() + atMost.toNanos();
        while (running > 0) {
            long left = until - System.nanoTime();
            if (left <= 0) {
                return false;
            }
            wait(left / 1_000_000 + 1);
        }
        return true;
    }

    /** Records that wait for each other. */
    final class Lane {
        private final Object key;
        private final Deque<ConsumerRecord<byte[], byte[]>> waiting = new ArrayDeque<>();
        private int waits;

        private Lane(Object key) {
            this.key = key;
        }

        /** The record to work on now; null if no more is to be begun. To be followed by {@link #done} or {@link #again}. */
        @Nullable
        ConsumerRecord<byte[], byte[]> begin() {
            synchronized (PartitionState.this) {
                if (stopped) {
                    return null;
                }
                running++;
                return waiting.getFirst();
            }
        }

        /** How often in a row the record was not done with. */
        int waits() {
            synchronized (PartitionState.this) {
                return waits;
            }
        }

        /**
         * The record is done with, and the next one may begin.
         *
         * @return how many records of the partition are not done with
         */
        int done() {
            synchronized (PartitionState.this) {
                Open ended = open.remove(waiting.removeFirst().offset());
                openBytes -= ended == null ? 0 : ended.bytes();
                waits = 0;
                ended();
                if (waiting.isEmpty()) {
                    lanes.remove(key);
                } else {
                    start.accept(this);
                }
                return open.size();
            }
        }

        /** The record is not done with, and the caller begins it again later. */
        void again() {
            synchronized (PartitionState.this) {
                waits++;
                ended();
            }
        }

        private void ended() {
            running--;
            PartitionState.this.notifyAll();
        }
    }
}
