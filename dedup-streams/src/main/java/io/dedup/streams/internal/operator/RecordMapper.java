// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.operator;

import io.dedup.StoredOutcome;
import java.util.function.Consumer;
import org.apache.kafka.streams.processor.api.ProcessingContext;
import org.jspecify.annotations.Nullable;

/**
 * Maps a record that is let through to the one that is forwarded.
 *
 * <p>Confined to the stream thread.
 *
 * @param <R> the kind of record that comes in
 * @param <O> the kind of record that goes out
 */
public interface RecordMapper<R, O> {
    /** Initialises the mapper with the node's context, before the first record. */
    default void init(ProcessingContext context) {
        // Most mappers need no context.
    }

    /** Closes the mapper, after the last record. */
    default void close() {
        // Most mappers hold nothing.
    }

    /** Processes the record. What is thrown here is a failure of the application's own code. */
    O process(R record);

    /**
     * Returns the outcome to keep beside the key; null if none is kept.
     *
     * @param topic the topic it is kept in, for the serde
     */
    @Nullable
    StoredOutcome outcomeOf(O processed, String topic);

    /**
     * Answers the record with the outcome of an earlier one.
     *
     * @param topic the topic it is kept in, for the serde
     */
    O replay(R record, StoredOutcome outcome, String topic);

    /** Whether records are passed to a processor here. */
    default boolean isGuarding() {
        return false;
    }

    /** Records pass as they are, and no outcomes are kept. */
    static <R> RecordMapper<R, R> unchanged() {
        return into(record -> {}, false);
    }

    /** Records are handed to a processor, which may fail, and no outcomes are kept. */
    static <R> RecordMapper<R, R> into(Consumer<R> processor) {
        return into(processor, true);
    }

    private static <R> RecordMapper<R, R> into(Consumer<R> processor, boolean isGuarding) {
        return new RecordMapper<>() {
            @Override
            public boolean isGuarding() {
                return isGuarding;
            }

            @Override
            public R process(R record) {
                processor.accept(record);
                return record;
            }

            @Override
            public @Nullable StoredOutcome outcomeOf(R processed, String topic) {
                return null;
            }

            @Override
            public R replay(R record, StoredOutcome outcome, String topic) {
                return process(record);
            }
        };
    }
}
