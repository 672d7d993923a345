// SPDX-License-Identifier: Apache-2.0
package io.dedup.consumer;

import io.dedup.Fingerprint;
import io.dedup.IdempotencyKey;
import io.dedup.KeyResult;
import io.dedup.MissingKey;
import io.dedup.Scope;
import io.dedup.handler.Execution;
import io.dedup.handler.IdempotentHandler;
import io.dedup.handler.LeaseLostException;
import io.dedup.handler.Outcome;
import io.dedup.handler.StoreUnavailableException;
import io.dedup.key.Fingerprinter;
import io.dedup.key.KeyExtractor;
import io.dedup.key.RecordView;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.serialization.Deserializer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Decides what becomes of one record. Thread-safe. */
final class RecordHandling<K, V> {
    private static final Logger LOGGER = LoggerFactory.getLogger(RecordHandling.class);

    /** What became of a record: {@link Done}, {@link Again} or {@link Fatal}. */
    sealed interface Result {}

    /** It is done with. */
    record Done() implements Result {}

    /** It is to be begun again after a pause. */
    record Again(Duration pause) implements Result {}

    /** The consumer has to stop. */
    record Fatal(Throwable cause) implements Result {}

    /** A record that has been tried often enough. */
    static final class AttemptsExhaustedException extends Exception {
        private static final long serialVersionUID = 1L;

        AttemptsExhaustedException(int attempts) {
            super("It was tried " + attempts + " times, the last time without coming back");
        }
    }

    private final IdempotentHandler handler;
    private final RecordOperation<K, V> operation;
    private final KeyExtractor keys;
    private final Fingerprinter fingerprints;
    private final Deserializer<K> keyDeserializer;
    private final Deserializer<V> valueDeserializer;
    private final Retries retries;
    private final Scope scope;
    private final Map<String, IdempotentHandler> byTopic = new ConcurrentHashMap<>();
    private final Set<Class<? extends Throwable>> hopeless;
    private final @Nullable DeadLetters deadLetters;

    RecordHandling(
            IdempotentHandler handler,
            RecordOperation<K, V> operation,
            IdempotentConsumer.Builder<K, V> builder,
            @Nullable DeadLetters deadLetters) {
        this.handler = handler.within(builder.group());
        this.scope = builder.scope;
        this.operation = operation;
        this.keys = builder.keys;
        this.fingerprints = builder.fingerprints;
        this.keyDeserializer = builder.keyDeserializer;
        this.valueDeserializer = builder.valueDeserializer;
        this.retries = builder.retries;
        this.hopeless = Set.copyOf(builder.hopeless);
        this.deadLetters = deadLetters;
    }

    /**
     * Handles a record.
     *
     * @param waits how often in a row it has been {@link Again}
     */
    Result handle(ConsumerRecord<byte[], byte[]> record, int waits) {
        IdempotencyKey key;
        Fingerprint fingerprint;
        ConsumerRecord<K, V> typed;
        try {
            RecordView view = RecordView.of(record.headers(), record.key(), record.value());
            KeyResult found = keys.extract(view);
            if (found instanceof MissingKey missing) {
                return deadLetter(record, "missing-key", new IllegalArgumentException(missing.toString()), waits);
            }
            key = (IdempotencyKey) found;
            fingerprint = fingerprints.fingerprint(view);
            typed = typed(record);
        } catch (RuntimeException unreadable) {
            return deadLetter(record, "unreadable", unreadable, waits);
        }
        IdempotentHandler within =
                byTopic.computeIfAbsent(record.topic(), topic -> handler.within(scope.nameFor(topic)));
        Attempts attempts = new Attempts();
        try {
            Outcome outcome = within.handle(key, fingerprint, execution -> run(typed, execution, attempts));
            return attempts.exhausted ? failed(record, key, within, exhausted(), waits) : ended(record, outcome, waits);
        } catch (StoreUnavailableException | LeaseLostException notOurs) {
            LOGGER.warn("{} waits: {}", at(record), notOurs.getMessage());
            return new Again(retries.pauseAfter(waits + 1));
        } catch (Exception | StackOverflowError | LinkageError | AssertionError failure) {
            if (attempts.attempt == 0) {
                return notBegun(record, failure, waits);
            }
            boolean last = attempts.exhausted
                    || attempts.attempt >= retries.attempts()
                    || hopeless.stream().anyMatch(type -> type.isInstance(failure));
            if (last) {
                return failed(record, key, within, failure, waits);
            }
            LOGGER.warn(
                    "{} has failed with {} at attempt {} of {} and is tried again",
                    at(record),
                    failure.getClass().getName(),
                    attempts.attempt,
                    retries.attempts());
            LOGGER.debug("The failure of {}", at(record), failure);
            return new Again(retries.pauseAfter(attempts.attempt));
        }
    }

    /** What becomes of a record whose operation was not even begun. */
    private Result notBegun(ConsumerRecord<byte[], byte[]> record, Throwable failure, int waits) {
        if (failure instanceof IllegalArgumentException) {
            return deadLetter(record, "unreadable", failure, waits); // Its key is too long for any store.
        } else if (handler.isClosed()) {
            return new Fatal(failure);
        }
        LOGGER.warn("{} waits, since its operation could not be begun", at(record), failure);
        return new Again(retries.pauseAfter(waits + 1));
    }

    /** What is known of the attempts at a record, once it has been begun. Confined to the worker. */
    private static final class Attempts {
        private int attempt;
        private boolean exhausted;
    }

    private AttemptsExhaustedException exhausted() {
        return new AttemptsExhaustedException(retries.attempts());
    }

    /** Gives a record up, so that it is tried anew if somebody sends it again. */
    private Result failed(
            ConsumerRecord<byte[], byte[]> record,
            IdempotencyKey key,
            IdempotentHandler within,
            Throwable failure,
            int waits) {
        Result result = deadLetter(record, "failed", failure, waits);
        if (result instanceof Done) {
            within.resetAttempts(key);
        }
        return result;
    }

    private byte @Nullable [] run(ConsumerRecord<K, V> record, Execution execution, Attempts attempts)
            throws Exception {
        attempts.attempt = execution.attempt();
        if (execution.attempt() > retries.attempts()) {
            attempts.exhausted = true;
            throw exhausted();
        }
        return operation.run(record, execution);
    }

    private Result ended(ConsumerRecord<byte[], byte[]> record, Outcome outcome, int waits) {
        if (outcome instanceof Outcome.InProgress busy) {
            Duration pause = retries.pauseAfter(waits + 1);
            Duration left = busy.retryAfter().plusMillis(1);
            return new Again(pause.compareTo(left) < 0 ? pause : left);
        } else if (outcome instanceof Outcome.Conflict) {
            return deadLetter(record, "conflict", null, waits);
        } else if (outcome instanceof Outcome.Unknown) {
            return deadLetter(record, "unknown-outcome", null, waits);
        }
        return new Done();
    }

    /** With headers of its own: deserializers take some away. */
    private ConsumerRecord<K, V> typed(ConsumerRecord<byte[], byte[]> record) {
        Headers headers = new RecordHeaders(record.headers());
        K key = record.key() == null ? null : keyDeserializer.deserialize(record.topic(), headers, record.key());
        V value =
                record.value() == null ? null : valueDeserializer.deserialize(record.topic(), headers, record.value());
        return ClientFeatures.deserialized(record, headers, key, value);
    }

    private Result deadLetter(
            ConsumerRecord<byte[], byte[]> record, String reason, @Nullable Throwable failure, int waits) {
        if (deadLetters == null) {
            return new Fatal(new IllegalStateException(
                    at(record) + " cannot be handled (" + reason + "), and there is no dead-letter topic", failure));
        }
        try {
            deadLetters.send(record, reason, failure);
            LOGGER.warn("{} is dead-lettered: {}", at(record), reason);
            return new Done();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            return new Again(retries.pauseAfter(waits + 1));
        } catch (ExecutionException notSent) {
            if (notSent.getCause() instanceof RetriableException) {
                LOGGER.warn("{} could not be dead-lettered and is tried again", at(record), notSent.getCause());
                return new Again(retries.pauseAfter(waits + 1));
            }
            return new Fatal(new IllegalStateException(
                    at(record) + " cannot be handled (" + reason + "), nor dead-lettered", notSent.getCause()));
        }
    }

    private static String at(ConsumerRecord<?, ?> record) {
        return record.topic() + "-" + record.partition() + "@" + record.offset();
    }
}
