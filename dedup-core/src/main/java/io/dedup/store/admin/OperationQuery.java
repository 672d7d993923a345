// SPDX-License-Identifier: Apache-2.0
package io.dedup.store.admin;

import java.time.Duration;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;

/**
 * A query for a list of operations. Immutable.
 *
 * <p>An operation that is there all the time is on at least one page, and its store may put it on two.
 *
 * @param scope of the operations, or what it begins with
 * @param isPrefix whether other scopes that begin so are meant too
 * @param states those to list; not empty
 * @param olderThan how long ago they were first claimed at least; not negative
 * @param limit how many make a page; a store that reads in blocks may have a block more
 * @param cursor where the page begins; empty for the first one
 */
public record OperationQuery(
        String scope,
        boolean isPrefix,
        Set<OperationState> states,
        Duration olderThan,
        int limit,
        Optional<String> cursor) {
    /** How many make a page unless configured. */
    public static final int DEFAULT_LIMIT = 100;

    /** The most that make a page. */
    public static final int MAX_LIMIT = 1000;

    /**
     * A query.
     *
     * @throws IllegalArgumentException if there are no states, the age is negative, or the limit is not 1 to {@value #MAX_LIMIT}
     */
    public OperationQuery {
        if (states.isEmpty()) {
            throw new IllegalArgumentException("states must be at least one: " + states);
        } else if (olderThan.isNegative()) {
            throw new IllegalArgumentException("olderThan must not be negative: " + olderThan);
        } else if (limit < 1 || limit > MAX_LIMIT) {
            throw new IllegalArgumentException("limit must be 1 to " + MAX_LIMIT + ": " + limit);
        }
        states = Set.copyOf(states);
    }

    /** All operations. */
    public static OperationQuery all() {
        return ofScopesFrom("");
    }

    /** The operations of that scope. */
    public static OperationQuery ofScope(String scope) {
        return new OperationQuery(
                scope, false, EnumSet.allOf(OperationState.class), Duration.ZERO, DEFAULT_LIMIT, Optional.empty());
    }

    /** The operations of all scopes that begin with that. */
    public static OperationQuery ofScopesFrom(String prefix) {
        return new OperationQuery(
                prefix, true, EnumSet.allOf(OperationState.class), Duration.ZERO, DEFAULT_LIMIT, Optional.empty());
    }

    /** Those of them in these states. */
    public OperationQuery withStates(Set<OperationState> wanted) {
        return new OperationQuery(scope, isPrefix, wanted, olderThan, limit, cursor);
    }

    /** Those of them that were first claimed so long ago, or longer. */
    public OperationQuery withOlderThan(Duration age) {
        return new OperationQuery(scope, isPrefix, states, age, limit, cursor);
    }

    /** The same, with so many on a page. */
    public OperationQuery withLimit(int atMost) {
        return new OperationQuery(scope, isPrefix, states, olderThan, atMost, cursor);
    }

    /** The same from there on, which an earlier page has named. */
    public OperationQuery after(String next) {
        return new OperationQuery(scope, isPrefix, states, olderThan, limit, Optional.of(next));
    }

    /** Whether an operation is among them. */
    public boolean matches(StoredOperation operation) {
        String its = operation.key().scope();
        return (isPrefix ? its.startsWith(scope) : its.equals(scope))
                && states.contains(operation.state())
                && operation.age().compareTo(olderThan) >= 0;
    }
}
