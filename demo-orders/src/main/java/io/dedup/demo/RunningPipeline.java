// SPDX-License-Identifier: Apache-2.0
package io.dedup.demo;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.dedup.IdempotencyKey;
import io.dedup.Mode;
import io.dedup.demo.ledger.Ledger;
import io.dedup.demo.traffic.Sending;
import io.dedup.demo.web.Pipeline;
import io.dedup.streams.KeyStatus;
import io.dedup.streams.RememberedKeys;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;

/** The application behind the front end, started anew when its mode changes. Thread-safe. */
final class RunningPipeline implements Pipeline, AutoCloseable {
    private static final Duration LOOK_EVERY = Duration.ofMillis(50);

    private final String id;
    private final String bootstrapServers;
    private final Path stateDirectory;
    private final Duration ttl;
    private final Ledger ledger;
    // Guarded by this.
    private Mode mode = Mode.ENFORCE;
    private Application application;

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
    synchronized void requireAlive() {
        application.requireAlive();
    }

    @Override
    public synchronized Mode mode() {
        return mode;
    }

    @Override
    public synchronized void switchTo(Mode other) {
        application.close();
        application = Application.start(id, bootstrapServers, stateDirectory, ttl, other, ledger);
        mode = other;
        while (!application.isRunning()) {
            application.requireAlive();
            LockSupport.parkNanos(LOOK_EVERY.toNanos());
        }
    }

    @Override
    public synchronized boolean isAlive() {
        return !application.hasEnded();
    }

    @Override
    public synchronized boolean isReady() {
        return application.isRunning();
    }

    @Override
    public synchronized String metrics() {
        return application.metrics();
    }

    @Override
    public synchronized KeyStatus ask(String topic, String recordKey) {
        IdempotencyKey key = IdempotencyKey.of("header:" + Sending.IDEMPOTENCY_KEY, recordKey.getBytes(UTF_8));
        if (!application.isRunning()) {
            return new KeyStatus.Unknown(Map.of(), "The application is starting");
        }
        return RememberedKeys.of(application.streams(), OrderTopology.dedup(topic, ttl, mode))
                .askHere(topic, key, Instant.now());
    }

    @Override
    public synchronized void close() {
        application.close();
    }
}
