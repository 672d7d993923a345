// SPDX-License-Identifier: Apache-2.0
/**
 * What deciding and remembering take alone, measured with JMH.
 *
 * <p>Start at {@link io.dedup.bench.jmh.DecisionBenchmark}.
 */
@NullMarked
package io.dedup.bench.jmh;

import org.jspecify.annotations.NullMarked;
