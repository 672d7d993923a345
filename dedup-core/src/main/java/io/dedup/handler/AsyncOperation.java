// SPDX-License-Identifier: Apache-2.0
package io.dedup.handler;

import java.util.concurrent.CompletionStage;

/**
 * An operation to be run once, on threads of its own choice.
 *
 * @param <T> the result
 */
@FunctionalInterface
public interface AsyncOperation<T> {
    /**
     * Begins it, without waiting for its end. If the lease is lost meanwhile, or the operation takes too long, the future of the
     * stage is cancelled.
     *
     * @return ends with the result of the operation, which later calls with the key get; with null if there is no result
     * @throws Exception if it fails at once
     */
    CompletionStage<T> begin(Execution<T> execution) throws Exception;
}
