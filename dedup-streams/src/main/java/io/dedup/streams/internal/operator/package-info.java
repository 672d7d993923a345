// SPDX-License-Identifier: Apache-2.0
/**
 * The operator: decides, remembers and dispatches. It is not part of the API.
 *
 * <p>Start at {@link io.dedup.streams.internal.operator.Deduplicator}.
 */
@NullMarked
package io.dedup.streams.internal.operator;

import org.jspecify.annotations.NullMarked;
