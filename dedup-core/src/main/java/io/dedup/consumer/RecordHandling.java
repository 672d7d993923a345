// SPDX-License-Identifier: Apache-2.0
package io.dedup.consumer;

import io.dedup.Fingerprint;
import io.dedup.IdempotencyKey;
import io.dedup.KeyResult;
import io.dedup.MissingKey;
import io.dedup.Scope;
import io.dedup.handler.Call;
import io.dedup.handler.Execution;
import io.dedup.handler.IdempotentHandler;
import io.dedup.handler.LeaseLostException;
import io.dedup.handler.OperationDeclinedException;
import io.dedup.handler.Outcome;
import io.dedup.handler.ReconciliationFailedException;
import io.dedup.handler.StoreUnavailableException;
import io.dedup.key.Fingerprinter;
import io.dedup.key.KeyExtractor;
import io.dedup.key.RecordView;
import io.dedup.store.PriorRun;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.RetriableException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Decides what is done about one record.
 *
 * <p>An operation over which an owner has vanished may have killed its process. It runs alone at first, so that its next victims are
 * not the records beside it.
 *
 * <p>Thread-safe.
 */
final class RecordHandling<K, V> {
    private static final Logger LOGGER = LoggerFactory.getLogger(RecordHandling.class);
    private static final Duration ALONE_WITHIN = Duration.ofSeconds(5);
    /** An operation that kills its process does so sooner. */
    private static final Duration ALONE_FOR = Duration.ofSeconds(30);

    private static final Duration NOT_ALONE_PAUSE = Duration.ofSeconds(20);

    /** The result of handling a record: {@link Done}, {@link Again}, {@link Alone} or {@link Fatal}. */
    sealed interface Result {}

    /** It is done with. */
    record Done() implements Result {}

    /**
     * It is to be begun again after a pause.
     *
     * @param failure why; null if nothing has failed
     */
    record Again(Duration pause, @Nullable Throwable failure) implements Result {
        Again(Duration pause) {
            this(pause, null);
        }
    }

    /** It is to be begun again at once, by itself: it may have killed a process. */
    record Alone() implements Result {}

    /** The consumer has to stop. */
    record Fatal(Throwable cause) implements Result {}

    /** A record that has been tried often enough. */
    static final class AttemptsExhaustedException extends OperationDeclinedException {
        private static final long serialVersionUID = 1L;

        AttemptsExhaustedException(int attempts) {
            super("It was tried " + attempts + " times, the last time without coming back");
        }
    }

    /** A record that may have killed a process, and is not alone. */
    private static final class NotAloneException extends OperationDeclinedException {
        private static final long serialVersionUID = 1L;

        NotAloneException() {
            super("It runs alone, since an earlier run has not come back");
        }
    }

    private final IdempotentHandler<?> handler;
    private final RecordOperation<K, V> operation;
    /** Null if records are handled one at a time. */
    private final @Nullable AsyncRecordOperation<K, V> asyncOperation;

    private final KeyExtractor keys;
    private final Fingerprinter fingerprints;
    private final Deserializers<K, V> deserializers;
    private final Predicate<Throwable> passing;
    private final Retries retries;
    private final Scope scope;
    private final String group;
    private final Set<Class<? extends Throwable>> nonRetryable;
    private final @Nullable DeadLetters deadLetters;
    private final Outage outage;
    private final ConsumerEvents events;
    private final Workers workers;
    private final ExclusiveGate gate = new ExclusiveGate();
    /** After how many deliveries the broker drops a record; 0 if it drops none. */
    private final int deliveryLimit;

    /**
     * @param deliveryLimit of a share group; else 0
     */
    RecordHandling(
            IdempotentHandler<?> handler,
            RecordOperation<K, V> operation,
            IdempotentConsumerBuilder<K, V> builder,
            Deserializers<K, V> deserializers,
            @Nullable DeadLetters deadLetters,
            Outage outage,
            ConsumerEvents events,
            Workers workers,
            int deliveryLimit) {
        this.handler = handler;
        this.group = builder.configs.group();
        this.scope = builder.scope;
        this.operation = operation;
        this.asyncOperation = operation instanceof Awaited<K, V> awaited ? awaited.operation() : null;
        this.keys = builder.keys;
        this.fingerprints = builder.fingerprints;
        this.deserializers = deserializers;
        this.passing = builder.passing;
        this.retries = builder.retries;
        this.nonRetryable = Set.copyOf(builder.nonRetryable);
        this.deadLetters = deadLetters;
        this.outage = outage;
        this.events = events;
        this.workers = workers;
        this.deliveryLimit = deliveryLimit;
    }

    /**
     * Handles a record.
     *
     * @param waits how often in a row it has been {@link Again}
     * @param run of the worker
     */
    Result handle(ConsumerRecord<byte[], byte[]> record, int waits, Workers.Run run) {
        Prepared<K, V> prepared = prepared(record, waits, run);
        Task task = prepared.task();
        if (task == null) {
            return prepared.refused().get();
        }
        try {
            return task.handle(run);
        } catch (InterruptedException closing) {
            Thread.currentThread().interrupt();
            return new Again(retries.pauseAfter(waits + 1));
        }
    }

    /**
     * A record that was read, or what is to be done about one that cannot be.
     *
     * @param refused does it, which may take its time
     */
    private record Prepared<K, V>(RecordHandling<K, V>.@Nullable Task task, Supplier<Result> refused) {}

    private Prepared<K, V> prepared(ConsumerRecord<byte[], byte[]> record, int waits, Workers.@Nullable Run run) {
        try {
            RecordView view = RecordView.of(record);
            KeyResult found = keys.extract(view);
            if (found instanceof MissingKey missing) {
                String reason = "missing-key:" + missing.reason().text();
                return new Prepared<>(null, () -> deadLetter(record, reason, missing.toException(), waits));
            }
            Fingerprint fingerprint = fingerprints.fingerprint(view);
            Task task = new Task(record, deserializers.read(record), (IdempotencyKey) found, fingerprint, waits, run);
            return new Prepared<>(task, Done::new);
        } catch (RuntimeException | StackOverflowError unreadable) {
            return new Prepared<>(null, () -> unreadable(record, unreadable, waits));
        }
    }

    /** Whether operations may be begun together. */
    boolean isInBatches() {
        return asyncOperation != null;
    }

    /** Whether records are held, and tried one at a time. */
    boolean isHolding() {
        return outage.isHolding();
    }

    /**
     * A record of a batch.
     *
     * @param waits how often in a row it has been {@link Again}
     * @param then receives the result, on any thread, and does not take its time
     */
    record Item(ConsumerRecord<byte[], byte[]> record, int waits, Consumer<Result> then) {}

    /**
     * Handles records that can begin together: claims them in one call, and begins their operations on this thread. Those over
     * which an owner has vanished are {@link Alone}.
     */
    void handleAll(List<Item> items) throws InterruptedException {
        List<Task> tasks = new ArrayList<>();
        List<Consumer<Result>> receivers = new ArrayList<>();
        for (Item item : items) {
            Prepared<K, V> prepared;
            try {
                prepared = prepared(item.record(), item.waits(), null);
            } catch (Throwable broken) { // As a worker does it for a record by itself.
                item.then().accept(new Fatal(broken));
                continue;
            }
            if (prepared.task() == null) {
                aside(prepared.refused(), item.record(), item.then());
            } else {
                tasks.add(prepared.task());
                receivers.add(item.then());
            }
        }
        if (tasks.isEmpty()) {
            return;
        }
        List<ExclusiveGate.Pass> passes = gate.enterAll(tasks.size());
        List<? extends CompletionStage<? extends Outcome<?>>> answers = begun(handler, tasks);
        for (int i = 0; i < tasks.size(); i++) {
            Task task = tasks.get(i);
            Consumer<Result> then = receivers.get(i);
            ExclusiveGate.Pass pass = passes.get(i);
            CompletionStage<?> unused = answers.get(i).whenComplete((outcome, failure) -> {
                pass.close();
                task.answered(outcome, failure, then);
            });
        }
    }

    private <T> List<CompletionStage<Outcome<T>>> begun(IdempotentHandler<T> typed, List<Task> tasks) {
        try {
            return typed.tryHandleAll(
                    tasks, task -> task.call, (task, execution) -> withoutOutcome(task.begin(execution)));
        } catch (RuntimeException closed) {
            return tasks.stream()
                    .map(task -> CompletableFuture.<Outcome<T>>failedStage(closed))
                    .toList();
        }
    }

    /** The same end without an outcome. To cancel it cancels what it is the end of. */
    private static <T> CompletableFuture<T> withoutOutcome(CompletionStage<?> stage) {
        CompletableFuture<T> end = new CompletableFuture<>() {
            @Override
            public boolean cancel(boolean mayInterrupt) {
                stage.toCompletableFuture().cancel(mayInterrupt);
                return super.cancel(mayInterrupt);
            }
        };
        CompletionStage<?> unused = stage.whenComplete((done, failure) -> {
            if (failure == null) {
                end.complete(null);
            } else {
                end.completeExceptionally(failure);
            }
        });
        return end;
    }

    /** Does on a thread of a worker what may take its time, and passes the result on. */
    private void aside(Supplier<Result> work, ConsumerRecord<byte[], byte[]> record, Consumer<Result> then) {
        workers.aside(() -> {
            Result result;
            try {
                result = work.get();
            } catch (Throwable broken) {
                result = new Fatal(broken);
            }
            if (result instanceof Again again && workers.goOn()) {
                events.retried(record, again);
            }
            then.accept(result);
        });
    }

    /** What may pass holds the record up; what is its own does not. */
    private Result unreadable(ConsumerRecord<byte[], byte[]> record, Throwable failure, int waits) {
        if (TransientFailures.isTransient(failure) || passing.test(failure)) {
            LOGGER.warn("{} cannot be read now, and waits", at(record), failure);
            return new Again(retries.pauseAfter(waits + 1), failure);
        }
        return deadLetter(record, "unreadable", failure, waits);
    }

    /** Whether the broker drops the record if it is delivered once more. */
    boolean isLastDelivery(ConsumerRecord<byte[], byte[]> record) {
        return deliveryLimit > 0
                && ClientFeatures.deliveryCount(record)
                        .filter(count -> count >= deliveryLimit)
                        .isPresent();
    }

    /** Dead-letters a record that the broker would drop; what cannot be dead-lettered is released all the same. */
    Result undelivered(ConsumerRecord<byte[], byte[]> record) {
        return deadLetter(record, "delivery-limit", null, 0);
    }

    /** The work on one record. Confined to its worker. */
    private final class Task {
        private final ConsumerRecord<byte[], byte[]> record;
        private final ConsumerRecord<K, V> typed;
        private final IdempotencyKey key;
        private final int waits;
        /** Null in a batch, which holds no thread. */
        private final Workers.@Nullable Run run;

        private final String originGroup;
        private final String scopeName;
        private final Call call;
        private int attempt;
        private boolean alone;

        Task(
                ConsumerRecord<byte[], byte[]> record,
                ConsumerRecord<K, V> typed,
                IdempotencyKey key,
                @Nullable Fingerprint fingerprint,
                int waits,
                Workers.@Nullable Run run) {
            this.record = record;
            this.typed = typed;
            this.key = key;
            this.waits = waits;
            this.run = run;
            Origin origin = Origin.of(record, group);
            this.originGroup = origin.group();
            this.scopeName = scope.nameFor(origin.at().topic());
            this.call = Call.of(key)
                    .withFingerprint(fingerprint)
                    .withinScope(originGroup)
                    .withinScope(scopeName);
        }

        private boolean isAbandoned() {
            return run != null && run.isAbandoned();
        }

        Result handle(Workers.Run run) throws InterruptedException {
            run.hold(gate.enter());
            run.begin();
            try {
                return attempt();
            } catch (NotAloneException suspect) {
                run.leave();
                return handleAlone(run);
            } finally {
                run.leave();
            }
        }

        private Result handleAlone(Workers.Run run) throws InterruptedException {
            LOGGER.warn("{} runs alone, since an earlier run of its operation has not come back", at(record));
            ExclusiveGate.Pass pass = gate.enterAlone(ALONE_WITHIN);
            if (pass == null) {
                return new Again(NOT_ALONE_PAUSE);
            }
            run.hold(pass);
            run.begin();
            alone = true;
            Future<?> unused = workers.timer().schedule(pass::close, ALONE_FOR.toMillis(), TimeUnit.MILLISECONDS);
            return attempt();
        }

        private Result attempt() {
            attempt = 0;
            try {
                Outcome<?> outcome = handler.tryRun(call, this::run);
                return isAbandoned() ? new Done() : ended(outcome);
            } catch (NotAloneException suspect) {
                throw suspect;
            } catch (Exception | StackOverflowError | LinkageError | AssertionError failure) {
                return resultOf(failure);
            }
        }

        /** What is done about a record whose call has thrown. */
        private Result resultOf(Throwable failure) {
            if (failure instanceof AttemptsExhaustedException) {
                return isAbandoned() ? new Done() : counted(given(failure));
            } else if (failure instanceof OperationDeclinedException) {
                return new Again(retries.pauseAfter(waits + 1));
            } else if (failure instanceof StoreUnavailableException || failure instanceof LeaseLostException) {
                LOGGER.warn("{} waits: {}", at(record), failure.getMessage());
                return new Again(retries.pauseAfter(waits + 1), failure);
            } else if (failure instanceof ReconciliationFailedException unknown) {
                return unknown.attempt() >= retries.attempts() && outage.mayGiveUp()
                        ? counted(deadLetter(record, "unknown-outcome", unknown, waits))
                        : new Again(retries.pauseAfter(unknown.attempt()), unknown);
            }
            return isAbandoned() ? new Done() : failed(failure);
        }

        /** Passes on what the answer to a call in a batch means, aside if that takes its time. */
        void answered(@Nullable Outcome<?> outcome, @Nullable Throwable failure, Consumer<Result> then) {
            if (outcome instanceof Outcome.Processed || outcome instanceof Outcome.Replayed) {
                then.accept(ended(outcome));
            } else if (failure instanceof NotAloneException) {
                then.accept(new Alone());
            } else {
                aside(() -> outcome == null ? resultOf(Objects.requireNonNull(failure)) : ended(outcome), record, then);
            }
        }

        /** Begins the operation in a batch. */
        CompletionStage<?> begin(Execution<?> execution) throws Exception {
            admit(execution);
            return Objects.requireNonNull(asyncOperation, "operations are run one at a time")
                    .begin(typed, execution);
        }

        private void run(Execution<?> execution) throws Exception {
            admit(execution);
            operation.run(typed, execution);
        }

        /** Makes sure that the operation may be run now. */
        private void admit(Execution<?> execution) {
            attempt = execution.attempt();
            boolean vanished = execution.priorRun().compareTo(PriorRun.ABANDONED) >= 0;
            if (vanished && (isLastDelivery(record) || (attempt > retries.attempts() && outage.mayGiveUp()))) {
                throw new AttemptsExhaustedException(attempt - 1);
            } else if (vanished && !alone) {
                throw new NotAloneException();
            } else if (isAbandoned()) {
                throw new OperationDeclinedException("Another thread has the record by now");
            }
            if (run != null) {
                run.begin();
            }
            events.storeAnswered();
        }

        private Result failed(Throwable failure) {
            if (attempt == 0) {
                return notBegun(failure);
            }
            boolean interrupted = Thread.currentThread().isInterrupted() || failure instanceof InterruptedException;
            if (interrupted && !workers.goOn()) {
                return new Again(retries.pauseAfter(1)); // The consumer is being closed.
            }
            // The interrupt was for the operation. The thread has other records to handle.
            Thread.interrupted();
            if (nonRetryable.stream().anyMatch(type -> type.isInstance(failure))) {
                return given(failure);
            } else if (interrupted && waits + 1 < retries.attempts()) {
                return new Again(retries.pauseAfter(waits + 1)); // Its attempts are not counted in the store.
            } else if ((interrupted || attempt >= retries.attempts()) && outage.mayGiveUp()) {
                return counted(given(failure));
            }
            LOGGER.warn(
                    "{} has failed with {} at attempt {} of {} and is tried again",
                    at(record),
                    failure.getClass().getName(),
                    attempt,
                    retries.attempts());
            LOGGER.debug("The failure of {}", at(record), failure);
            return new Again(retries.pauseAfter(attempt), failure);
        }

        /** What is done about a record whose operation was not even begun. */
        private Result notBegun(Throwable failure) {
            if (failure instanceof IllegalArgumentException) {
                return deadLetter(record, "unreadable", failure, waits); // Its key is too long for any store.
            } else if (handler.isClosed()) {
                return new Fatal(failure);
            }
            LOGGER.warn("{} waits, since its operation could not be begun", at(record), failure);
            return new Again(retries.pauseAfter(waits + 1), failure);
        }

        /** The result of giving a record up, which was allowed and may not have succeeded. */
        private Result counted(Result result) {
            if (!(result instanceof Done)) {
                outage.notGivenUp();
            }
            return result;
        }

        /** Gives a record up, so that its attempts are counted from one if it is sent again. */
        private Result given(Throwable failure) {
            Result result = deadLetter(record, "failed", failure, waits);
            if (result instanceof Done) {
                handler.within(originGroup).within(scopeName).resetAttempts(key);
            }
            return result;
        }

        private Result ended(Outcome<?> outcome) {
            if (outcome instanceof Outcome.InProgress<?> busy) {
                Duration pause = retries.pauseAfter(waits + 1);
                Duration left = busy.retryAfter();
                // Nothing is left where it is not known how long a transaction holds the key.
                return new Again(left.isZero() || pause.compareTo(left) < 0 ? pause : left.plusMillis(1));
            } else if (outcome instanceof Outcome.Conflict) {
                return deadLetter(record, "conflict", null, waits);
            } else if (outcome instanceof Outcome.Unknown) {
                return deadLetter(record, "unknown-outcome", null, waits);
            } else if (!outcome.isReplayed()) {
                outage.succeeded();
                events.handled();
            } else {
                events.replayed();
            }
            return new Done();
        }
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
            events.deadLettered(record, reason, failure);
            return new Done();
        } catch (InterruptedException | InterruptException interrupted) {
            Thread.currentThread().interrupt();
            return new Again(retries.pauseAfter(waits + 1));
        } catch (IllegalStateException closed) {
            if (workers.goOn()) {
                return new Fatal(closed);
            }
            return new Again(retries.pauseAfter(waits + 1)); // The producer is closed, as the consumer is.
        } catch (ExecutionException notSent) {
            if (notSent.getCause() instanceof RetriableException) {
                LOGGER.error("{} could not be dead-lettered and is tried again", at(record), notSent.getCause());
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
