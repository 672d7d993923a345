// SPDX-License-Identifier: Apache-2.0
package io.dedup.store.redis;

import io.dedup.store.ClaimRequest;
import java.time.Duration;
import java.util.concurrent.TimeoutException;

/**
 * The number of replicas that have to confirm writes.
 *
 * @param atLeast how many; 0 if none is waited for
 * @param atMost how long they are waited for, in whole milliseconds
 */
public record Replicas(int atLeast, Duration atMost) {
    /** For calls that wait for none. */
    public static final Replicas NONE = new Replicas(0, Duration.ZERO);

    /**
     * Replicas to wait for.
     *
     * @throws IllegalArgumentException if {@code atLeast} is less than 1, or {@code atMost} less than a millisecond
     */
    static Replicas of(int atLeast, Duration atMost) {
        if (atLeast < 1) {
            throw new IllegalArgumentException("atLeast must be at least 1: " + atLeast);
        }
        ClaimRequest.millis("atMost", atMost);
        return new Replicas(atLeast, atMost);
    }

    /** Whether any is waited for. */
    public boolean areAwaited() {
        return atLeast > 0;
    }

    /**
     * What a call is answered after so many have confirmed it: too few, and what was written may be lost.
     *
     * @param reply of the call
     */
    public ScriptReply confirm(ScriptReply reply, long confirmed) {
        if (confirmed >= atLeast || !(reply instanceof ScriptReply.Answered)) {
            return reply;
        }
        return new ScriptReply.Unanswered(new TimeoutException("replicas that have confirmed the call within "
                + atMost.toMillis() + " ms: " + confirmed + " of " + atLeast));
    }
}
