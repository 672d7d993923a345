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
     * Does it. The thread is interrupted if the right to do it is lost meanwhile.
     *
     * @return what it came to, as it is given to those who ask for it again; null if there is nothing to say
     */
    byte @Nullable [] run(Execution execution) throws E;
}
