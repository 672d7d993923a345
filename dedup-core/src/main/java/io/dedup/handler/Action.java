// SPDX-License-Identifier: Apache-2.0
package io.dedup.handler;

/**
 * What is to be done once, and has nothing to say.
 *
 * @param <E> what it throws if it fails
 */
@FunctionalInterface
public interface Action<E extends Exception> {
    /** Runs it. The thread is interrupted if the lease is lost meanwhile, or the operation takes too long. */
    void run(Execution<?> execution) throws E;
}
