// SPDX-License-Identifier: Apache-2.0
package io.dedup.handler;

import io.dedup.store.ScopedKey;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Logs what a listener throws, so that it does not reach operations. */
record SafeListener(HandlerListener listener) implements HandlerListener {
    private static final Logger LOGGER = LoggerFactory.getLogger(SafeListener.class);

    @Override
    public void answered(ScopedKey key, Outcome<?> outcome, int attempt, Duration waited, Duration took) {
        guarded(() -> listener.answered(key, outcome, attempt, waited, took));
    }

    @Override
    public void failed(ScopedKey key, Throwable failure, int attempt) {
        guarded(() -> listener.failed(key, failure, attempt));
    }

    @Override
    public void leaseLost(ScopedKey key) {
        guarded(() -> listener.leaseLost(key));
    }

    @Override
    public void storeUnavailable(ScopedKey key, StoreUnavailableException failure) {
        guarded(() -> listener.storeUnavailable(key, failure));
    }

    private static void guarded(Runnable call) {
        try {
            call.run();
        } catch (RuntimeException thrown) {
            LOGGER.warn("A listener of operations has failed", thrown);
        }
    }
}
