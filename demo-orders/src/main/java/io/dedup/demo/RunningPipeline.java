// SPDX-License-Identifier: Apache-2.0
package io.dedup.demo;

import io.dedup.IdempotencyKey;
import io.dedup.Mode;
import io.dedup.demo.ledger.Ledger;
import io.dedup.demo.web.Pipeline;
import io.dedup.streams.KeyStatus;
import io.dedup.streams.RememberedKeys;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * The application behind the front end, restarted when its mode changes.
 *
 * <p>Thread-safe. Reading its state does not wait for a change of mode.
 */
final class RunningPipeline implements Pipeline, AutoCloseable {
    private static final Duration LOOK_EVERY = Duration.ofMillis(50);
    private static final Duration RUNS_WITHIN = Duration.ofSeconds(60);

    private final String id;
    private final String bootstrapServers;
    private final Path stateDirectory;
    private final Duration ttl;
    private final Ledger ledger;
    private volatile Mode mode = Mode.ENFORCE;
    /** Null while one has been stopped and the next has not been started. */
    private volatile @Nullable Application application;

    /** What has kept the next one from being started; null if nothing has. */
    private volatile @Nullable RuntimeException failedStart;

    private volatile boolean closing;

    /** Starts it, enforcing. */
    RunningPipeline(String id, String bootstrapServers, Path stateDirectory, Duration ttl, Ledger ledger) {
        this.id = id;
        this.bootstrapServers = bootstrapServers;
        this.stateDirectory = stateDirectory;
        this.ttl = ttl;
        this.ledger = ledger;
        this.application = Application.start(id, bootstrapServers, stateDirectory, ttl, mode, ledger);
    }

    /**
     * Throws what has stopped the application, if it has stopped.
     *
     * @throws DemoFailedException if it does not run any more
     */
    void requireAlive() {
        RuntimeException failed = failedStart;
        if (failed != null) {
            throw new DemoFailedException("The application could not be started: " + failed.getMessage(), failed);
        }
        Application now = application;
        if (now != null) {
            now.requireAlive();
        }
    }

    @Override
    public Mode mode() {
        return mode;
    }

    @Override
    public synchronized void switchTo(Mode other) {
        if (mode == other || closing) {
            return;
        }
        Application before = application;
        application = null;
        if (before != null) {
            before.close();
        }
        Application next;
        try {
            next = Application.start(id, bootstrapServers, stateDirectory, ttl, other, ledger);
        } catch (RuntimeException failed) {
            failedStart = failed;
            throw failed;
        }
        mode = other;
        application = next;
        long until = System.nanoTime() + RUNS_WITHIN.toNanos();
        while (!next.isRunning() && !next.hasEnded() && !closing && System.nanoTime() < until) {
            LockSupport.parkNanos(LOOK_EVERY.toNanos());
        }
    }

    @Override
    public boolean isAlive() {
        Application now = application;
        return failedStart == null && (now == null || !now.hasEnded());
    }

    @Override
    public boolean isReady() {
        Application now = application;
        return now != null && now.isRunning();
    }

    @Override
    public String metrics() {
        Application now = application;
        return now == null ? "" : now.metrics();
    }

    @Override
    public KeyStatus ask(String topic, IdempotencyKey key) {
        Application now = application;
        if (now == null || !now.isRunning()) {
            return new KeyStatus.Unknown(Map.of(), "The application is starting");
        }
        return RememberedKeys.of(now.streams(), OrderTopology.dedup(topic, ttl, mode))
                .askHere(topic, key, Instant.now());
    }

    @Override
    public void close() {
        closing = true;
        synchronized (this) {
            Application last = application;
            if (last != null) {
                last.close();
            }
        }
    }
}
