// SPDX-License-Identifier: Apache-2.0
/**
 * Finds keys that come on more than one partition. It is not part of the API.
 *
 * <p>Start at {@link io.dedup.streams.internal.audit.Auditor}.
 */
@NullMarked
package io.dedup.streams.internal.audit;

import org.jspecify.annotations.NullMarked;
