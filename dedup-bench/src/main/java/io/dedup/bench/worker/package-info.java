// SPDX-License-Identifier: Apache-2.0
/**
 * The process that runs one mode once and measures itself.
 *
 * <p>Start at {@link io.dedup.bench.worker.WorkerMain}.
 */
@NullMarked
package io.dedup.bench.worker;

import org.jspecify.annotations.NullMarked;
