// SPDX-License-Identifier: Apache-2.0
/**
 * The metrics of an operator: their names, and the sensors behind them.
 *
 * <p>Start at {@link io.dedup.streams.metrics.DedupMetrics}.
 */
@NullMarked
package io.dedup.streams.metrics;

import org.jspecify.annotations.NullMarked;
