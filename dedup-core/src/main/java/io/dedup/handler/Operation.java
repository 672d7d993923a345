// SPDX-License-Identifier: Apache-2.0
package io.dedup.handler;

import org.jspecify.annotations.Nullable;

/**
 * What is to be done once.
 *
 * @param <E> what it throws if it fails
 */
@FunctionalInterface
public interface Operation<E extends Exception> {
    /**
     * Runs it. The thread is interrupted if the lease is lost meanwhile, or the operation takes too long.
     *
     * @return the outcome, as later calls with the key get it; null if there is nothing to say
     */
    byte @Nullable [] run(Execution execution) throws E;
}
