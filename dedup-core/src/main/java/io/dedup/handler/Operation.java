// SPDX-License-Identifier: Apache-2.0
package io.dedup.handler;

import org.jspecify.annotations.Nullable;

/**
 * An operation to be run once.
 *
 * @param <T> the result
 * @param <E> what it throws if it fails
 */
@FunctionalInterface
public interface Operation<T, E extends Exception> {
    /**
     * Runs it. The thread is interrupted if the lease is lost meanwhile, or the operation takes too long.
     *
     * @return its result, as later calls with the key get it; null if it has none
     */
    @Nullable
    T run(Execution<T> execution) throws E;
}
