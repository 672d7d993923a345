// SPDX-License-Identifier: Apache-2.0
/**
 * What is measured: ways to let records from one topic into another.
 *
 * <p>Start at {@link io.dedup.bench.mode.Modes}.
 */
@NullMarked
package io.dedup.bench.mode;

import org.jspecify.annotations.NullMarked;
