// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams;

/**
 * How many failures the exception handler has skipped on this thread.
 *
 * <p>Kafka catches a failure in the node where it happens, so to the operator before that node everything looks fine. But
 * handler, failing node and operator run on one thread within one call: if the number has changed when {@code forward}
 * returns, something behind the operator has failed and was skipped.
 */
final class SkippedFailures {
    private static final ThreadLocal<long[]> COUNT = ThreadLocal.withInitial(() -> new long[1]);

    private SkippedFailures() {}

    /** The number so far on this thread. */
    static long count() {
        return COUNT.get()[0];
    }

    /** Another one has been skipped. */
    static void add() {
        COUNT.get()[0]++;
    }
}
