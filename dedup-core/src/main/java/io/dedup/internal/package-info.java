// SPDX-License-Identifier: Apache-2.0
/**
 * What several packages share and no user calls.
 *
 * <p>Start at {@link io.dedup.internal.BatchQueue}.
 */
@NullMarked
package io.dedup.internal;

import org.jspecify.annotations.NullMarked;
