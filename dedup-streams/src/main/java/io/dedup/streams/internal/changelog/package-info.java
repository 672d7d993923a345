// SPDX-License-Identifier: Apache-2.0
/**
 * Reads and writes the changelog of an operator from outside of a running application. It is not part of the API.
 *
 * <p>Start at {@link io.dedup.streams.internal.changelog.Changelog}.
 */
@NullMarked
package io.dedup.streams.internal.changelog;

import org.jspecify.annotations.NullMarked;
