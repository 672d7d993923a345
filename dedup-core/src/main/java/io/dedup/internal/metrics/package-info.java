// SPDX-License-Identifier: Apache-2.0
/**
 * Counts of interceptors; not part of the API.
 *
 * <p>Start at {@link io.dedup.internal.metrics.InterceptorCounts}.
 */
@NullMarked
package io.dedup.internal.metrics;

import org.jspecify.annotations.NullMarked;
