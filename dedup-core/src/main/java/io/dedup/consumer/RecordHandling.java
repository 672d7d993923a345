// SPDX-License-Identifier: Apache-2.0
package io.dedup.consumer;

import io.dedup.IdempotencyKey;
import io.dedup.KeyResult;
import io.dedup.MissingKey;
import io.dedup.handler.Execution;
import io.dedup.handler.IdempotentHandler;
import io.dedup.handler.LeaseLostException;
import io.dedup.handler.Outcome;
import io.dedup.handler.StoreUnavailableException;
import io.dedup.key.Fingerprinter;
import io.dedup.key.KeyExtractor;
import io.dedup.key.RecordView;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.errors.SerializationException;
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
    private final Set<Class<? extends Throwable>> hopeless;
    private final @Nullable DeadLetters deadLetters;

    RecordHandling(
            IdempotentHandler handler,
            RecordOperation<K, V> operation,
            IdempotentConsumer.Builder<K, V> builder,
            @Nullable DeadLetters deadLetters) {
        this.handler = handler;
        this.operation = operation;
        this.keys = builder.keys;
        this.fingerprints = builder.fingerprints;
        this.keyDeserializer = builder.keyDeserializer;
        this.valueDeserializer = builder.valueDeserializer;
        this.retries = builder.retries;
        this.hopeless = Set.copyOf(builder.hopeless);
        this.deadLetters = deadLetters;
    }

    /** Handles a record. */
    Result handle(ConsumerRecord<byte[], byte[]> record) {
        RecordView view = RecordView.of(record.headers(), record.key(), record.value());
        KeyResult key = keys.extract(view);
        if (key instanceof MissingKey missing) {
            return deadLetter(record, "missing-key", new IllegalArgumentException(missing.toString()));
        }
        ConsumerRecord<K, V> typed;
        try {
            typed = typed(record);
        } catch (SerializationException unreadable) {
            return deadLetter(record, "unreadable", unreadable);
        }
        AtomicInteger attempt = new AtomicInteger();
        try {
            Outcome outcome = handler.handle(
                    (IdempotencyKey) key, fingerprints.fingerprint(view), execution -> run(typed, execution, attempt));
            return ended(record, outcome);
        } catch (StoreUnavailableException | LeaseLostException notOurs) {
            LOGGER.warn("{} waits: {}", at(record), notOurs.getMessage());
            return new Again(retries.longestPause());
        } catch (AttemptsExhaustedException exhausted) {
            return deadLetter(record, "failed", exhausted);
        } catch (Exception failed) {
            boolean last =
                    attempt.get() >= retries.attempts() || hopeless.stream().anyMatch(type -> type.isInstance(failed));
            if (last) {
                return deadLetter(record, "failed", failed);
            }
            LOGGER.warn(
                    "{} has failed at attempt {} of {} and is tried again: {}",
                    at(record),
                    attempt,
                    retries.attempts(),
                    failed.toString());
            return new Again(retries.pauseAfter(attempt.get()));
        }
    }

    private byte @Nullable [] run(ConsumerRecord<K, V> record, Execution execution, AtomicInteger attempt)
            throws Exception {
        attempt.set(execution.attempt());
        if (execution.attempt() > retries.attempts()) {
            throw new AttemptsExhaustedException(retries.attempts());
        }
        return operation.run(record, execution);
    }

    private Result ended(ConsumerRecord<byte[], byte[]> record, Outcome outcome) {
        if (outcome instanceof Outcome.InProgress busy) {
            Duration pause = busy.retryAfter();
            return new Again(pause.compareTo(retries.longestPause()) < 0 ? atLeast(pause) : retries.longestPause());
        } else if (outcome instanceof Outcome.Conflict) {
            return deadLetter(record, "conflict", null);
        } else if (outcome instanceof Outcome.Unknown) {
            return deadLetter(record, "unknown-outcome", null);
        }
        return new Done();
    }

    private Duration atLeast(Duration pause) {
        return pause.compareTo(retries.firstPause()) < 0 ? retries.firstPause() : pause;
    }

    private ConsumerRecord<K, V> typed(ConsumerRecord<byte[], byte[]> record) {
        K key = record.key() == null
                ? null
                : keyDeserializer.deserialize(record.topic(), record.headers(), record.key());
        V value = record.value() == null
                ? null
                : valueDeserializer.deserialize(record.topic(), record.headers(), record.value());
        return new ConsumerRecord<>(
                record.topic(),
                record.partition(),
                record.offset(),
                record.timestamp(),
                record.timestampType(),
                record.serializedKeySize(),
                record.serializedValueSize(),
                key,
                value,
                record.headers(),
                record.leaderEpoch(),
                record.deliveryCount());
    }

    private Result deadLetter(ConsumerRecord<byte[], byte[]> record, String reason, @Nullable Throwable failure) {
        if (deadLetters == null) {
            return new Fatal(new IllegalStateException(
                    at(record) + " cannot be handled (" + reason + "), and there is no dead-letter topic", failure));
        }
        try {
            deadLetters.send(record, reason, failure);
            LOGGER.warn("{} is dead-lettered: {}", at(record), failure == null ? reason : failure.toString());
            return new Done();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            return new Again(retries.longestPause());
        } catch (ExecutionException notSent) {
            LOGGER.warn("{} could not be dead-lettered and is tried again", at(record), notSent.getCause());
            return new Again(retries.longestPause());
        }
    }

    private static String at(ConsumerRecord<?, ?> record) {
        return record.topic() + "-" + record.partition() + "@" + record.offset();
    }
}
