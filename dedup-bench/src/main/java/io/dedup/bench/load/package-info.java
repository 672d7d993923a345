// SPDX-License-Identifier: Apache-2.0
/**
 * The records that are sent through the measured applications.
 *
 * <p>Start at {@link io.dedup.bench.load.Load}.
 */
@NullMarked
package io.dedup.bench.load;

import org.jspecify.annotations.NullMarked;
