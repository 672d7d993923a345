// SPDX-License-Identifier: Apache-2.0
/**
 * What is sent through whatever is measured.
 *
 * <p>Start at {@link io.dedup.bench.load.Load}.
 */
@NullMarked
package io.dedup.bench.load;

import org.jspecify.annotations.NullMarked;
