// SPDX-License-Identifier: Apache-2.0
/**
 * Measures dedup beside what else there is, end to end, on a real broker.
 *
 * <p>Start at {@link io.dedup.bench.BenchCommand}.
 */
@NullMarked
package io.dedup.bench;

import org.jspecify.annotations.NullMarked;
