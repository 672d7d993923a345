// SPDX-License-Identifier: Apache-2.0
package io.dedup.consumer;

import java.util.Optional;

/**
 * The state of an {@link IdempotentConsumer} at one moment, for probes and dashboards.
 *
 * <p>Take {@link #isLive} for what restarts a process: it is false only after a failure, since a restart mends neither a store
 * that is away nor a downstream system where everything fails. Take {@link #isReady} for what waits for a new version: it is
 * true while records are handled. Where a process also answers requests that do not need the consumer, leave the consumer out
 * of that process's readiness, or decide by {@link #state}.
 *
 * @param reason why it is not {@link State#RUNNING}; empty if it is, or was closed
 * @param failure what has stopped it; empty unless it has {@linkplain State#FAILED failed}
 */
public record ConsumerHealth(State state, Optional<String> reason, Optional<Throwable> failure) {
    /** The states of a consumer. */
    public enum State {
        /** It has no place in its group: it has just been started, or was put out of the group and comes back by itself. */
        JOINING,

        /** It handles records, or has none to handle. */
        RUNNING,

        /** Everything has failed of late. Records are in flight, are tried one at a time, and are not given up. */
        HOLDING,

        /** The store has not answered when it was last asked. Records are in flight, and wait. */
        STORE_UNAVAILABLE,

        /** It was closed, and waits for what is being worked on. */
        CLOSING,

        /** It was closed and has ended. */
        CLOSED,

        /** It has stopped by itself, or is about to, and does not come back. */
        FAILED
    }

    static ConsumerHealth of(State state) {
        return new ConsumerHealth(state, Optional.empty(), Optional.empty());
    }

    static ConsumerHealth of(State state, String reason) {
        return new ConsumerHealth(state, Optional.of(reason), Optional.empty());
    }

    static ConsumerHealth failed(Throwable cause) {
        return new ConsumerHealth(State.FAILED, Optional.of(cause.toString()), Optional.of(cause));
    }

    /** Whether the consumer works or will do so by itself; false once it has failed. */
    public boolean isLive() {
        return state != State.FAILED;
    }

    /** Whether records are handled. */
    public boolean isReady() {
        return state == State.RUNNING;
    }
}
