// SPDX-License-Identifier: Apache-2.0
package io.dedup.handler;

import java.util.concurrent.CompletionStage;

/**
 * An operation to be run once for each of several items, on threads of its own choice.
 *
 * @param <I> what it is done to, such as a record
 * @param <T> the result
 */
@FunctionalInterface
public interface BatchOperation<I, T> {
    /**
     * Begins it for one of the items, without waiting for its end: as {@link AsyncOperation#begin}.
     *
     * @throws Exception if it fails at once, for this item
     */
    CompletionStage<T> begin(I item, Execution<T> execution) throws Exception;
}
