// SPDX-License-Identifier: Apache-2.0
package io.dedup.handler;

/**
 * An operation without a result, to be run once.
 *
 * @param <E> what it throws if it fails
 */
@FunctionalInterface
public interface Action<E extends Exception> {
    /** Runs it. The thread is interrupted if the lease is lost meanwhile, or the operation takes too long. */
    void run(Execution<?> execution) throws E;
}
