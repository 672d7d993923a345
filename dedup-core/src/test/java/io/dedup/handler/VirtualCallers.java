// SPDX-License-Identifier: Apache-2.0
package io.dedup.handler;

import io.dedup.store.IdempotencyStore;
import io.dedup.store.ScopedKey;
import io.dedup.store.jdbc.JdbcIdempotencyStore;
import io.dedup.store.memory.MemoryIdempotencyStore;
import io.dedup.store.redis.JedisDriver;
import io.dedup.store.redis.LettuceDriver;
import io.dedup.store.redis.RedisIdempotencyStore;
import java.io.Writer;
import java.lang.management.ManagementFactory;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.IntFunction;
import redis.clients.jedis.RedisClient;

/**
 * A process that calls one handler from many virtual threads, and writes down how that went. Needs Java 21 or later; it is built for
 * Java 17, so what is newer is looked up.
 */
final class VirtualCallers implements HandlerListener {
    static final int CALLS = 4_000;
    static final int KEYS = 400;
    private static final long EFFECT_NANOS = Duration.ofMillis(50).toNanos();
    private static final Duration PATIENCE = Duration.ofSeconds(90);

    private final Map<String, Integer> effects = new ConcurrentHashMap<>();
    private final AtomicInteger done = new AtomicInteger();
    private final AtomicInteger replayed = new AtomicInteger();
    private final AtomicInteger waited = new AtomicInteger();

    /**
     * Calls, and writes what came of it.
     *
     * @param arguments the way to call, the kind of store, its address, and the file for what has come of it
     */
    public static void main(String[] arguments) throws Exception {
        Properties result = new Properties();
        try (IdempotencyStore store = store(arguments[1], arguments[2])) {
            new VirtualCallers().call(store, arguments[0].equals("handleAsync"), result);
        }
        try (Writer file = Files.newBufferedWriter(Path.of(arguments[3]))) {
            result.store(file, null);
        }
        // Clients that were passed in are not closed by a store.
        System.exit(0);
    }

    private static IdempotencyStore store(String kind, String address) throws SQLException {
        return switch (kind) {
            case "memory" -> MemoryIdempotencyStore.holding(2 * KEYS);
            case "jdbc" ->
                JdbcIdempotencyStore.connectingTo(address, null, null).open();
            case "jedis" ->
                RedisIdempotencyStore.on(JedisDriver.of(RedisClient.create(URI.create(address))))
                        .open();
            case "lettuce" ->
                RedisIdempotencyStore.on(LettuceDriver.of(io.lettuce.core.RedisClient.create(address)))
                        .open();
            default -> throw new IllegalArgumentException("kind must be a store: " + kind);
        };
    }

    private void call(IdempotencyStore store, boolean async, Properties result) throws Exception {
        try (IdempotentHandler<String> handler = IdempotentHandler.on(
                        store, "virtual-" + UUID.randomUUID(), String.class)
                .withWait(PATIENCE)
                .withPatience(PATIENCE)
                .onEvent(this)
                .build()) {
            IntFunction<String> call = i -> async ? handledAsync(handler, i) : handled(handler, i);
            // Classes are loaded, which pins whatever waits for it.
            answers(call, List.of(-10, -11, -20, -21));
            effects.clear();
            done.set(0);
            replayed.set(0);
            waited.set(0);
            PinnedThreads pinned = PinnedThreads.watch();
            await(virtualThreads().submit(PinnedThreads::pin));
            long begun = System.nanoTime();
            List<Integer> calls = new ArrayList<>();
            for (int i = 0; i < CALLS; i++) {
                calls.add(i);
            }
            List<String> answers = answers(call, calls);
            result.setProperty("took.ms", String.valueOf((System.nanoTime() - begun) / 1_000_000));
            pinned.end(result);
            long right = calls.stream()
                    .filter(i -> answers.get(i).equals("done " + key(i)))
                    .count();
            result.setProperty("answers.right", String.valueOf(right));
        }
        result.setProperty("keys", String.valueOf(effects.size()));
        result.setProperty(
                "effects",
                String.valueOf(
                        effects.values().stream().mapToInt(Integer::intValue).sum()));
        result.setProperty("done", String.valueOf(done));
        result.setProperty("replayed", String.valueOf(replayed));
        result.setProperty("waited", String.valueOf(waited));
        result.setProperty(
                "threads.peak",
                String.valueOf(ManagementFactory.getThreadMXBean().getPeakThreadCount()));
    }

    /** All calls at once, each on a virtual thread of its own. */
    private static List<String> answers(IntFunction<String> call, List<Integer> calls) throws Exception {
        ExecutorService virtual = virtualThreads();
        List<Future<String>> futures = new ArrayList<>();
        for (int i : calls) {
            futures.add(virtual.submit((Callable<String>) () -> call.apply(i)));
        }
        List<String> answers = new ArrayList<>();
        for (Future<String> future : futures) {
            answers.add(await(future));
        }
        virtual.shutdown();
        return answers;
    }

    private static <T> T await(Future<T> future) throws Exception {
        return future.get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
    }

    private static ExecutorService virtualThreads() throws ReflectiveOperationException {
        return (ExecutorService)
                Executors.class.getMethod("newVirtualThreadPerTaskExecutor").invoke(null);
    }

    private String handled(IdempotentHandler<String> handler, int call) {
        return Objects.requireNonNull(handler.handle(Call.of(key(call)), execution -> {
            effects.merge(key(call), 1, Integer::sum);
            long until = System.nanoTime() + EFFECT_NANOS;
            for (long left = EFFECT_NANOS; left > 0; left = until - System.nanoTime()) {
                LockSupport.parkNanos(left);
            }
            return "done " + key(call);
        }));
    }

    private String handledAsync(IdempotentHandler<String> handler, int call) {
        CompletionStage<String> answer = handler.handleAsync(Call.of(key(call)), execution -> {
            effects.merge(key(call), 1, Integer::sum);
            return CompletableFuture.supplyAsync(
                    () -> "done " + key(call), CompletableFuture.delayedExecutor(EFFECT_NANOS, TimeUnit.NANOSECONDS));
        });
        return answer.toCompletableFuture().join();
    }

    private static String key(int call) {
        return "key-" + call / (CALLS / KEYS);
    }

    @Override
    public void answered(ScopedKey key, Outcome<?> outcome, int attempt, Duration waitedFor, Duration took) {
        (outcome instanceof Outcome.Processed ? done : replayed).incrementAndGet();
        if (!waitedFor.isZero()) {
            waited.incrementAndGet();
        }
    }
}
