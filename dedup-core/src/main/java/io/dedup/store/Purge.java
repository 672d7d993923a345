// SPDX-License-Identifier: Apache-2.0
package io.dedup.store;

import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes room in a store from time to time, on a thread of its own, until it is closed.
 *
 * <p>Thread-safe.
 */
public final class Purge implements AutoCloseable {
    /** How often stores are purged by those that use them. */
    public static final Duration USUAL = Duration.ofMinutes(1);

    private static final Logger LOGGER = LoggerFactory.getLogger(Purge.class);
    private static final int AT_ONCE = 100_000;

    private final IdempotencyStore store;
    private final ScheduledExecutorService timer;

    private Purge(IdempotencyStore store) {
        this.store = store;
        this.timer = Executors.newSingleThreadScheduledExecutor(work -> {
            Thread thread = new Thread(work, "dedup-purge");
            thread.setDaemon(true);
            return thread;
        });
    }

    /** Begins to purge that store, the first time after the pause. A purge that fails is logged, and followed by the next. */
    public static Purge every(Duration pause, IdempotencyStore store) {
        Purge purge = new Purge(store);
        Future<?> unused = purge.timer.scheduleWithFixedDelay(
                purge::purge, pause.toMillis(), pause.toMillis(), TimeUnit.MILLISECONDS);
        return purge;
    }

    private void purge() {
        try {
            int purged;
            do {
                purged = store.purge(AT_ONCE);
                LOGGER.debug("Purged {} keys", purged);
            } while (purged == AT_ONCE && !timer.isShutdown());
        } catch (RuntimeException failed) {
            LOGGER.warn("Keys whose time is over could not be deleted; the next attempt follows", failed);
        }
    }

    @Override
    public void close() {
        timer.shutdownNow();
    }
}
