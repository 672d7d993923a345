// SPDX-License-Identifier: Apache-2.0
package io.dedup;

import java.util.List;
import java.util.Locale;

/**
 * The result of the deciding function for one record, with the {@linkplain #actions() actions} that may follow from it.
 *
 * <p>The first action listed is the default.
 */
public enum Verdict {
    /** The key is not remembered: this record is let through and remembered. */
    FIRST(Action.FORWARD),

    /**
     * The key is remembered at the very same coordinates: the record is read again after a failure, and dropping it
     * would lose it.
     */
    REPLAY(Action.FORWARD),

    /** The key is remembered at other coordinates, or as processed to the end, at most the TTL apart. */
    DUPLICATE(Action.DROP, Action.DUPLICATES_TOPIC, Action.FORWARD, Action.REPLAY_OUTCOME),

    /** As {@link #DUPLICATE}, but the payload differs from that of the first. */
    CONFLICT(Action.DEAD_LETTER, Action.DROP, Action.FORWARD, Action.FAIL),

    /** The record names no operation: see {@link MissingKey.Reason}. It is never given an empty key to share. */
    MISSING_KEY(Action.DEAD_LETTER, Action.FORWARD, Action.DROP, Action.FAIL),

    /** Not remembered, and asks for a TTL that it cannot have: see {@link InvalidTtl.Reason}. It is not remembered. */
    INVALID_TTL(Action.DEAD_LETTER, Action.FORWARD, Action.DROP, Action.FAIL),

    /** Its time is negative, as where a producer has set none. It is not remembered. */
    INVALID_TIMESTAMP(Action.DEAD_LETTER, Action.FORWARD, Action.DROP, Action.FAIL),

    /**
     * Not remembered, and older than stream time by more than the allowed lateness, so that its first may have been
     * forgotten.
     */
    LATE(Action.DEAD_LETTER, Action.FORWARD, Action.DROP, Action.FAIL),

    /**
     * Ahead of the wall clock by more than the allowed skew. Such a record would advance stream time and make
     * everything else forgotten, so it is never remembered.
     */
    FUTURE(Action.DEAD_LETTER, Action.FORWARD, Action.DROP, Action.FAIL);

    @SuppressWarnings("ImmutableEnumChecker") // List.of is immutable
    private final List<Action> actions;

    Verdict(Action... actions) {
        this.actions = List.of(actions);
    }

    /** The actions that may be configured for this verdict; the default is the first. Never empty. */
    public List<Action> actions() {
        return actions;
    }

    /** What is done where nothing else is configured. */
    public Action defaultAction() {
        return actions.get(0);
    }

    /** Whether the record carries an operation that is to be processed now: {@link #FIRST} or {@link #REPLAY}. */
    public boolean isAccepted() {
        return this == FIRST || this == REPLAY;
    }

    /** The name as it is written in headers, metrics and property keys: lower case with hyphens, {@code missing-key}. */
    public String text() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
