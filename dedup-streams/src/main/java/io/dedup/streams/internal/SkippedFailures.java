// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Objects;
import org.apache.kafka.streams.errors.ErrorHandlerContext;
import org.apache.kafka.streams.processor.api.RecordMetadata;
import org.jspecify.annotations.Nullable;

/**
 * The records that were being processed when a failure was skipped by the exception handler.
 *
 * <p>Kafka catches a failure in the node where it happens, so to the operator before that node everything looks fine. But
 * handler, failing node and operator run on one thread within one call, and the handler is given the coordinates of the record
 * whose processing has failed. These need not be those of the record in hand: a cache or {@code suppress} forwards an earlier one.
 */
public final class SkippedFailures {
    private static final ThreadLocal<Deque<Watch>> WATCHES = ThreadLocal.withInitial(ArrayDeque::new);

    private SkippedFailures() {}

    /** A record that is being processed. */
    public static final class Watch implements AutoCloseable {
        private final @Nullable RecordMetadata record;
        private boolean failed;

        private Watch(@Nullable RecordMetadata record) {
            this.record = record;
        }

        private boolean isOf(@Nullable String topic, int partition, long offset) {
            return record == null
                    ? topic == null
                    : Objects.equals(topic, record.topic())
                            && partition == record.partition()
                            && offset == record.offset();
        }

        /** Whether its processing has failed and was skipped. */
        public boolean hasFailed() {
            return failed;
        }

        /** Ends it; the one that was begun last has to be ended first. */
        @Override
        public void close() {
            WATCHES.get().pop();
        }
    }

    /**
     * Begins to watch for failures of that record on this thread.
     *
     * @param record null for what a punctuator has made
     */
    public static Watch watch(@Nullable RecordMetadata record) {
        Watch watch = new Watch(record);
        WATCHES.get().push(watch);
        return watch;
    }

    /** The processing of that record has failed and was skipped, on this thread. */
    public static void add(ErrorHandlerContext context) {
        for (Watch watch : WATCHES.get()) {
            watch.failed |= watch.isOf(context.topic(), context.partition(), context.offset());
        }
    }
}
