// SPDX-License-Identifier: Apache-2.0
/**
 * What several packages of the operator share. It is not part of the API.
 *
 * <p>Start at {@link io.dedup.streams.internal.Origin}.
 */
@NullMarked
package io.dedup.streams.internal;

import org.jspecify.annotations.NullMarked;
