// SPDX-License-Identifier: Apache-2.0
package io.dedup.consumer;

import java.time.Duration;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;

/**
 * Receives events of a consumer and of its records, for alarms and logs; events of operations are for a {@link
 * io.dedup.handler.HandlerListener}.
 *
 * <p>Called on threads that handle records, by many of them at once, so it returns soon. Records are as they were read, and not
 * to be changed. What it throws is logged and changes nothing.
 */
public interface ConsumerListener {
    /**
     * A record is not done with and is tried again.
     *
     * @param failure why; null if nothing has failed, such as where another member works on its key
     * @param pause until then, at least
     */
    default void retried(ConsumerRecord<byte[], byte[]> record, @Nullable Throwable failure, Duration pause) {}

    /**
     * A record is in the dead-letter topic.
     *
     * @param reason as in the header {@code __dedup.reason}
     * @param failure null if nothing has failed, such as where the key has another payload
     */
    default void deadLettered(ConsumerRecord<byte[], byte[]> record, String reason, @Nullable Throwable failure) {}

    /**
     * So many records in a row were given up that the others are held, or one has succeeded and they are not any more. Calls are
     * in order, one at a time.
     *
     * @param holds whether records are held
     */
    default void holding(boolean holds) {}

    /**
     * The consumer has ended. Called once, after everything else, on a thread that nothing waits for: it may start another
     * consumer, or end the process.
     *
     * @param failure what has stopped it; null if it was closed
     */
    default void ended(@Nullable Throwable failure) {}
}
