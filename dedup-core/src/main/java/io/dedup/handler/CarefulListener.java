// SPDX-License-Identifier: Apache-2.0
package io.dedup.handler;

import io.dedup.store.ScopedKey;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Keeps what a listener throws from operations, and in the log. */
record CarefulListener(HandlerListener listener) implements HandlerListener {
    private static final Logger LOGGER = LoggerFactory.getLogger(CarefulListener.class);

    @Override
    public void answered(ScopedKey key, Outcome outcome, int attempt, Duration waited, Duration took) {
        tell(() -> listener.answered(key, outcome, attempt, waited, took));
    }

    @Override
    public void failed(ScopedKey key, Throwable failure, int attempt) {
        tell(() -> listener.failed(key, failure, attempt));
    }

    @Override
    public void leaseLost(ScopedKey key) {
        tell(() -> listener.leaseLost(key));
    }

    @Override
    public void storeUnavailable(ScopedKey key, StoreUnavailableException failure) {
        tell(() -> listener.storeUnavailable(key, failure));
    }

    private static void tell(Runnable told) {
        try {
            told.run();
        } catch (RuntimeException thrown) {
            LOGGER.warn("A listener of operations has failed", thrown);
        }
    }
}
