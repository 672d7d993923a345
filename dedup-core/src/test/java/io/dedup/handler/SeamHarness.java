// SPDX-License-Identifier: Apache-2.0
package io.dedup.handler;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.dedup.IdempotencyKey;
import io.dedup.StoredOutcome;
import io.dedup.store.Claim;
import io.dedup.store.ClaimRequest;
import io.dedup.store.ClaimResult;
import io.dedup.store.ClaimState;
import io.dedup.store.Completion;
import io.dedup.store.IdempotencyStore;
import io.dedup.store.LeaseResult;
import io.dedup.store.Release;
import io.dedup.store.ScopedKey;
import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Many workers of several processes, a store and a provider that fail in every way that they can, and the truth beside it.
 *
 * <p>A process is a handler of each kind on a store of its own, and is killed by cutting it off from the store and the provider
 * in the middle of whatever it does. Answers of the store are lost, late, or not given while it is away; the provider loses
 * requests and answers; transactions are rolled back, also by a caller around the handler; operations stall. Then everything
 * works again, every operation is asked for until it is done, and the ledger is held against the truth.
 */
public final class SeamHarness {
    static final Duration LEASE = Duration.ofMillis(300);
    private static final Duration TTL = Duration.ofHours(1);
    private static final int PROCESSES = 3;
    private static final int WORKERS = 2;
    private static final int KEYS = 4;
    private static final int CALLS = 30;
    private static final List<List<String>> TENANTS =
            List.of(List.of("a/b", "x"), List.of("a", "b/x"), List.of("a", "b", "x"));

    /** What an operation has its effect in. */
    enum Kind {
        /** The database of the store, in a transaction with the outcome. */
        TRANSACTION,
        /** A provider that knows no idempotency keys, can be asked, and turns old fencing tokens away. */
        PROVIDER_TO_BE_ASKED,
        /** A provider that knows idempotency keys. */
        PROVIDER_WITH_KEYS
    }

    /** What stores in databases can do beside. */
    public interface Transactions {
        /**
         * Inserts into the ledger and notes the outcome.
         *
         * @param then what the transaction does after that: commits if true, else rolls back
         */
        void book(String id, Execution<StoredOutcome> execution, StoredOutcome outcome, Supplier<Boolean> then)
                throws IOException;

        /** How often it was booked, as committed. */
        int booked(String id);

        /** Makes a call within a transaction that is bound to the thread, and then rolls that back. */
        void withinTransaction(Runnable call);

        /** How many rows the transactions around calls have left behind. */
        int rowsOfCallers();
    }

    /** A process was killed. */
    private static final class Killed extends Error {
        private static final long serialVersionUID = 1L;

        Killed() {
            super("killed", null, false, false);
        }
    }

    /** The provider has not answered: it may have charged. */
    private static final class NoAnswerException extends IOException {
        private static final long serialVersionUID = 1L;

        NoAnswerException() {
            super("no answer");
        }
    }

    private final long seed;
    private final Supplier<IdempotencyStore> stores;
    private final @Nullable Transactions transactions;
    private final Random random;
    private final List<String> violations = new CopyOnWriteArrayList<>();
    private final Provider provider = new Provider();
    private final Map<String, List<Run>> running = new ConcurrentHashMap<>();
    private final List<Instance> everyProcess = new CopyOnWriteArrayList<>();
    private volatile boolean faulty = true;
    private volatile long awayUntil;

    /**
     * A history.
     *
     * @param stores opens the store of a process
     * @param transactions null if the store is in no database
     */
    public SeamHarness(long seed, Supplier<IdempotencyStore> stores, @Nullable Transactions transactions) {
        this.seed = seed;
        this.stores = stores;
        this.transactions = transactions;
        this.random = new Random(seed);
    }

    private synchronized boolean chance(double probability) {
        return faulty && random.nextDouble() < probability;
    }

    private synchronized int number(int bound) {
        return random.nextInt(bound);
    }

    private void violated(String what) {
        violations.add("seed " + seed + ": " + what);
    }

    /** Runs it all, and returns what was not as promised. */
    public List<String> run() throws Exception {
        List<Instance> processes = new ArrayList<>();
        for (int i = 0; i < PROCESSES; i++) {
            processes.add(new Instance(i));
        }
        ExecutorService threads = Executors.newCachedThreadPool();
        try {
            List<Future<?>> workers = new ArrayList<>();
            for (int worker = 0; worker < PROCESSES * WORKERS; worker++) {
                int slot = worker % PROCESSES;
                workers.add(threads.submit(() -> work(processes, slot)));
            }
            for (Future<?> worker : workers) {
                worker.get(2, TimeUnit.MINUTES);
            }
            faulty = false;
            awayUntil = 0;
            settle(processes);
        } finally {
            threads.shutdownNow();
            processes.forEach(Instance::close);
        }
        check();
        return violations;
    }

    private void work(List<Instance> processes, int slot) {
        for (int i = 0; i < CALLS; i++) {
            Instance process;
            synchronized (processes) {
                process = processes.get(slot);
                if (process.dead) {
                    process.close();
                    process = new Instance(process.number + PROCESSES);
                    processes.set(slot, process);
                }
            }
            if (chance(0.03)) {
                awayUntil = System.nanoTime() + LEASE.toNanos() * (1 + number(3)) / 2;
            }
            Operation operation = Operation.at(number(kinds().length * TENANTS.size() * KEYS), kinds());
            Instance caller = process;
            if (transactions != null && operation.kind != Kind.TRANSACTION && chance(0.2)) {
                transactions.withinTransaction(() -> caller.call(operation));
            } else {
                caller.call(operation);
            }
        }
    }

    private Kind[] kinds() {
        return transactions == null ? new Kind[] {Kind.PROVIDER_TO_BE_ASKED, Kind.PROVIDER_WITH_KEYS} : Kind.values();
    }

    /** Every operation is asked for until it is done: by the processes that live, which may know how it ended, and by a new one. */
    private void settle(List<Instance> processes) {
        Instance fresh = new Instance(-1);
        processes.add(fresh);
        long until = System.nanoTime() + Duration.ofSeconds(60).toNanos();
        for (int i = 0; i < kinds().length * TENANTS.size() * KEYS; i++) {
            Operation operation = Operation.at(i, kinds());
            List<Instance> alive =
                    processes.stream().filter(process -> !process.dead).toList();
            for (int at = i; !alive.get(at % alive.size()).call(operation); at++) {
                if (System.nanoTime() > until) {
                    violated(operation.id + " is not done after a minute in which nothing failed");
                    return;
                }
                LockSupport.parkNanos(Duration.ofMillis(20).toNanos());
            }
        }
    }

    private void check() {
        for (int i = 0; i < kinds().length * TENANTS.size() * KEYS; i++) {
            Operation operation = Operation.at(i, kinds());
            int effects = effects(operation);
            if (effects != 1) {
                violated(operation.id + " has had its effect " + effects + " times");
            }
        }
        if (transactions != null && transactions.rowsOfCallers() != 0) {
            violated("transactions of callers were rolled back, and " + transactions.rowsOfCallers()
                    + " rows are there");
        }
    }

    private int effects(Operation operation) {
        return operation.kind == Kind.TRANSACTION && transactions != null
                ? transactions.booked(operation.id)
                : provider.charges(operation.id);
    }

    /** What is asked for. */
    private record Operation(Kind kind, List<String> tenant, IdempotencyKey key, String id) {
        static Operation at(int number, Kind[] kinds) {
            Kind kind = kinds[number % kinds.length];
            int tenant = number / kinds.length % TENANTS.size();
            int key = number / kinds.length / TENANTS.size();
            return new Operation(
                    kind,
                    TENANTS.get(tenant),
                    IdempotencyKey.of("header:id", ("key-" + key).getBytes(UTF_8)),
                    kind + " " + tenant + " " + key);
        }

        byte[] receipt() {
            return ("receipt of " + id).getBytes(UTF_8);
        }
    }

    /** A run of an operation, from its beginning to its end. */
    private static final class Run {
        private final Execution<StoredOutcome> execution;
        /** The nano time at which another run of the operation began; 0 if none has. */
        private volatile long overtakenAt;

        Run(Execution<StoredOutcome> execution) {
            this.execution = execution;
        }
    }

    /** Has the effects, and knows the truth. */
    private static final class Provider {
        private final Map<String, Integer> charges = new HashMap<>();
        private final Map<String, Long> tokens = new HashMap<>();
        private final Set<String> downstreamKeys = new HashSet<>();

        /** False if the caller is too late. */
        synchronized boolean charge(String id, long token) {
            if (token < tokens.getOrDefault(id, 0L)) {
                return false;
            }
            tokens.put(id, token);
            charges.merge(id, 1, Integer::sum);
            return true;
        }

        synchronized void charge(String id, String downstreamKey) {
            if (downstreamKeys.add(downstreamKey)) {
                charges.merge(id, 1, Integer::sum);
            }
        }

        /** After this answer no older run can charge. */
        synchronized boolean isCharged(String id, long token) {
            tokens.merge(id, token, Math::max);
            return charges.containsKey(id);
        }

        synchronized int charges(String id) {
            return charges.getOrDefault(id, 0);
        }
    }

    /** A process of its own. */
    private final class Instance {
        private final int number;
        private final IdempotencyStore store;
        private final Map<Kind, IdempotentHandler<StoredOutcome>> handlers = new HashMap<>();
        /** Operations that have succeeded here, with the fencing token of the run. */
        private final Map<String, Long> succeeded = new ConcurrentHashMap<>();
        /** Operations that another process has claimed, with the highest fencing token of those claims. */
        private final Map<String, Long> claimedByOthers = new ConcurrentHashMap<>();

        private volatile boolean dead;

        Instance(int number) {
            this.number = number;
            this.store = stores.get();
            everyProcess.add(this);
            IdempotencyStore cut = new CutStore(this, store);
            for (Kind kind : kinds()) {
                HandlerBuilder<StoredOutcome> builder = IdempotentHandler.on(cut, kind.name(), RawCodec.RAW)
                        .withLease(LEASE)
                        .withTtl(TTL)
                        .withWait(Duration.ofMillis(20))
                        .withPatience(Duration.ofMillis(60));
                if (kind == Kind.PROVIDER_TO_BE_ASKED) {
                    builder.withFailure(NoAnswerException.class, OnFailure.unknown())
                            .withReconciler(this::find);
                }
                handlers.put(kind, builder.build());
            }
        }

        /** Whether it is killed by now, or at this very moment. From then on it does nothing any more. */
        private boolean diesNow() {
            if (chance(0.01)) {
                dead = true;
            }
            return dead;
        }

        private void killMaybe() {
            if (diesNow()) {
                throw new Killed();
            }
        }

        private Reconciler.Finding<StoredOutcome> find(Execution<StoredOutcome> execution) {
            killMaybe();
            String id = new String(execution.key().value(), UTF_8);
            Operation operation = operationOf(execution, id);
            boolean charged = provider.isCharged(operation.id, execution.fencingToken());
            stallMaybe();
            killMaybe();
            if (chance(0.1)) {
                return new Reconciler.StillUnknown<>();
            }
            return charged ? new Reconciler.Done<>(StoredOutcome.of(operation.receipt())) : new Reconciler.NotDone<>();
        }

        /** The reconciler sees a key, and finds its operation by the downstream key as a provider would. */
        private Operation operationOf(Execution<StoredOutcome> execution, String key) {
            for (int i = 0; i < kinds().length * TENANTS.size() * KEYS; i++) {
                Operation operation = Operation.at(i, kinds());
                boolean same = operation.kind == Kind.PROVIDER_TO_BE_ASKED
                        && operation.key.equals(execution.key())
                        && downstream(operation).equals(execution.downstreamKey("seam"));
                if (same) {
                    return operation;
                }
            }
            throw new IllegalStateException("no operation has the key " + key);
        }

        private String downstream(Operation operation) {
            return known.computeIfAbsent(
                    operation.id,
                    none -> io.dedup.key.IdempotencyKeys.downstream(scope(operation), operation.key, "seam"));
        }

        private void stallMaybe() {
            if (chance(0.02)) {
                LockSupport.parkNanos(LEASE.toNanos() * 3 / 2);
            }
        }

        /** Whether it is done by now. */
        boolean call(Operation operation) {
            IdempotentHandler<StoredOutcome> handler = handlers.get(operation.kind);
            if (handler == null || dead) {
                return false;
            }
            for (String part : operation.tenant) {
                handler = handler.within(part);
            }
            try {
                Outcome<StoredOutcome> outcome =
                        handler.tryHandle(Call.of(operation.key), execution -> run(operation, execution));
                boolean isDone = outcome instanceof Outcome.Processed || outcome instanceof Outcome.Replayed;
                if (isDone) {
                    if (!java.util.Objects.equals(StoredOutcome.of(operation.receipt()), outcome.orElseThrow())) {
                        violated(operation.id + " was answered with the outcome of another operation");
                    } else if (effects(operation) < 1) {
                        violated(operation.id + " was answered as done, and has had no effect");
                    }
                }
                return isDone;
            } catch (LeaseLostException lost) {
                succeeded.remove(operation.id);
                return false;
            } catch (IOException | RuntimeException | Killed failed) {
                return false;
            } finally {
                Thread.interrupted();
            }
        }

        private StoredOutcome run(Operation operation, Execution<StoredOutcome> execution) throws IOException {
            Run run = new Run(execution);
            List<Run> others = running.computeIfAbsent(operation.id, none -> new CopyOnWriteArrayList<>());
            others.forEach(other -> other.overtakenAt = other.overtakenAt == 0 ? System.nanoTime() : other.overtakenAt);
            others.add(run);
            try {
                Long doneBy = succeeded.get(operation.id);
                if (doneBy != null && claimedByOthers.getOrDefault(operation.id, 0L) < doneBy) {
                    violated(operation.id + " was run again by a process that knew its result");
                }
                killMaybe();
                if (chance(0.1)) {
                    throw new IOException("nothing was done");
                }
                stallMaybe();
                execution.throwIfLeaseLost();
                boolean done = switch (operation.kind) {
                    case TRANSACTION -> book(operation, execution, run);
                    case PROVIDER_TO_BE_ASKED -> chargeOnce(operation, execution);
                    case PROVIDER_WITH_KEYS -> chargeByKey(operation, execution);
                };
                stallMaybe();
                killMaybe();
                if (done) {
                    succeeded.merge(operation.id, execution.fencingToken(), Math::max);
                }
                return StoredOutcome.of(operation.receipt());
            } finally {
                others.remove(run);
            }
        }

        /** Whether it is done, and not only said to be. */
        private boolean book(Operation operation, Execution<StoredOutcome> execution, Run run) throws IOException {
            Transactions database = transactions;
            if (database == null) {
                throw new IllegalStateException("there is no database");
            }
            if (chance(0.15)) {
                database.book(operation.id, execution, StoredOutcome.of(operation.receipt()), () -> false);
                if (chance(0.4)) {
                    return false; // As if it had been committed.
                }
                stayBusy(operation, run);
                execution.throwIfLeaseLost();
            }
            database.book(operation.id, execution, StoredOutcome.of(operation.receipt()), () -> {
                stallMaybe();
                killMaybe();
                return true;
            });
            killMaybe();
            if (chance(0.1)) {
                throw new IOException("the answer to the commit was lost");
            }
            return true;
        }

        /** Goes on for longer than a lease, and finds out in time if it has lost its own. */
        private void stayBusy(Operation operation, Run run) {
            long until = System.nanoTime() + LEASE.toNanos() * 4;
            while (System.nanoTime() < until && !dead && !run.execution.isLeaseLost()) {
                long overtaken = run.overtakenAt;
                if (overtaken != 0 && System.nanoTime() - overtaken > LEASE.toNanos() * 2) {
                    violated(operation.id + " is run by two at once, and the first is not informed");
                    return;
                }
                LockSupport.parkNanos(Duration.ofMillis(5).toNanos());
            }
        }

        private boolean chargeOnce(Operation operation, Execution<StoredOutcome> execution) throws IOException {
            if (chance(0.15)) {
                throw new NoAnswerException(); // The request was lost.
            }
            if (!provider.charge(operation.id, execution.fencingToken())) {
                throw new IOException("turned away: an older run");
            }
            killMaybe();
            if (chance(0.15)) {
                throw new NoAnswerException(); // The answer was.
            } else if (chance(0.05)) {
                Thread.currentThread().interrupt(); // As an application that is shut down does.
                throw new ClosedByInterruptException();
            }
            return true;
        }

        private boolean chargeByKey(Operation operation, Execution<StoredOutcome> execution) throws IOException {
            provider.charge(operation.id, execution.downstreamKey("charge"));
            killMaybe();
            if (chance(0.15)) {
                throw new IOException("the answer was lost");
            }
            return true;
        }

        void close() {
            dead = true;
            handlers.values().forEach(IdempotentHandler::close);
            store.close();
        }
    }

    private final Map<String, String> known = new ConcurrentHashMap<>();

    private static String scope(Operation operation) {
        StringBuilder scope = new StringBuilder(operation.kind.name());
        for (String part : operation.tenant) {
            scope.append('/').append(part.replace("%", "%25").replace("/", "%2F"));
        }
        return scope.toString();
    }

    /** The way of a process to the store, until it is killed. */
    private final class CutStore implements IdempotencyStore {
        private final Instance process;
        private final IdempotencyStore behind;

        CutStore(Instance process, IdempotencyStore behind) {
            this.process = process;
            this.behind = behind;
        }

        /** Makes a call, or not, and gives its answer back, or not. */
        private <T> T called(Supplier<T> call, Function<Throwable, T> noAnswer) {
            IOException lost = new IOException("no answer");
            if (process.diesNow() || System.nanoTime() < awayUntil || chance(0.03)) {
                return noAnswer.apply(lost);
            }
            if (chance(0.01)) {
                LockSupport.parkNanos(LEASE.toNanos() * 5 / 4);
            }
            T answer = call.get();
            if (chance(0.01)) {
                LockSupport.parkNanos(LEASE.toNanos() * 5 / 4);
            }
            return process.diesNow() || chance(0.03) ? noAnswer.apply(lost) : answer;
        }

        @Override
        public ClaimResult claim(ClaimRequest request) {
            return called(
                    () -> {
                        ClaimResult result = behind.claim(request);
                        if (result instanceof ClaimResult.Acquired acquired) {
                            claimedBy(request.key(), acquired.claim().token());
                        }
                        return result;
                    },
                    ClaimResult.Indeterminate::new);
        }

        private void claimedBy(ScopedKey key, long fencingToken) {
            for (int i = 0; i < kinds().length * TENANTS.size() * KEYS; i++) {
                Operation operation = Operation.at(i, kinds());
                if (operation.key.equals(key.key()) && scope(operation).equals(key.scope())) {
                    for (Instance other : everyProcess) {
                        if (other != process) {
                            other.claimedByOthers.merge(operation.id, fencingToken, Math::max);
                        }
                    }
                }
            }
        }

        @Override
        public LeaseResult renew(Claim claim, Duration leaseFor) {
            return called(() -> behind.renew(claim, leaseFor), LeaseResult.Indeterminate::new);
        }

        @Override
        public LeaseResult complete(Claim claim, Completion completion, Duration timeToLive) {
            return called(() -> behind.complete(claim, completion, timeToLive), LeaseResult.Indeterminate::new);
        }

        @Override
        public LeaseResult release(Claim claim, Release why) {
            return called(() -> behind.release(claim, why), LeaseResult.Indeterminate::new);
        }

        @Override
        public LeaseResult withdraw(ClaimRequest request) {
            return called(() -> behind.withdraw(request), LeaseResult.Indeterminate::new);
        }

        @Override
        public ClaimState inspect(Claim claim) {
            return called(() -> behind.inspect(claim), ClaimState.Indeterminate::new);
        }

        @Override
        public LeaseResult resetAttempts(ScopedKey key) {
            return called(() -> behind.resetAttempts(key), LeaseResult.Indeterminate::new);
        }

        @Override
        public int purge(int atMost) {
            return 0;
        }
    }

    /** How many seeds are run, and from which on. */
    public static List<Long> seeds(int usual) {
        long first = Long.getLong("seam.first", 1);
        long count = Long.getLong("seam.seeds", usual);
        List<Long> seeds = new ArrayList<>();
        for (long seed = first; seed < first + count; seed++) {
            seeds.add(seed);
        }
        return seeds;
    }
}
