// SPDX-License-Identifier: Apache-2.0
/**
 * Processes that are started for a measurement, and end with it.
 *
 * <p>Start at {@link io.dedup.bench.process.ChildJvm}.
 */
@NullMarked
package io.dedup.bench.process;

import org.jspecify.annotations.NullMarked;
