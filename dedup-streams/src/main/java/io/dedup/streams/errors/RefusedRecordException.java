// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.errors;

import io.dedup.Action;
import io.dedup.Decision;
import io.dedup.DedupHeaders;
import java.util.function.Supplier;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.jspecify.annotations.Nullable;

/**
 * A record that goes to the dead-letter topic or stops the application.
 *
 * <p>Kafka Streams hands it to the {@link DedupProcessingExceptionHandler}. It has no stack trace: it says something
 * about the record and nothing about the code.
 */
public final class RefusedRecordException extends KafkaException {
    private static final long serialVersionUID = 1L;

    private final transient @Nullable Decision decision;
    private final Action action;
    private final transient Headers reasons;
    private final transient Supplier<byte @Nullable []> key;
    private final transient Supplier<byte @Nullable []> value;

    public RefusedRecordException(
            @Nullable Decision decision,
            Action action,
            Headers reasons,
            String message,
            Supplier<byte @Nullable []> key,
            Supplier<byte @Nullable []> value) {
        super(message);
        this.decision = decision;
        this.action = action;
        this.reasons = reasons;
        this.key = key;
        this.value = value;
    }

    /** Why it is refused; null if the reason is that it cannot be written, which does not depend on its verdict. */
    public @Nullable Decision decision() {
        return decision;
    }

    /** {@link Action#DEAD_LETTER} or {@link Action#FAIL}. */
    public Action action() {
        return action;
    }

    /** A copy of the headers that say why: see {@link DedupHeaders}. */
    public Headers reasons() {
        return new RecordHeaders(reasons);
    }

    /** The key of the record that was refused, as bytes; null if it has none. Serialises it. */
    byte @Nullable [] keyBytes() {
        return key.get();
    }

    /** The value of the record that was refused, as bytes; null for a tombstone. Serialises it. */
    byte @Nullable [] valueBytes() {
        return value.get();
    }

    @Override
    public synchronized Throwable fillInStackTrace() {
        return this;
    }
}
