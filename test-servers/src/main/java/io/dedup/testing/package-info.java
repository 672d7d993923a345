// SPDX-License-Identifier: Apache-2.0
/**
 * Real servers for tests.
 *
 * <p>Start at {@link io.dedup.testing.TestServers}.
 */
@NullMarked
package io.dedup.testing;

import org.jspecify.annotations.NullMarked;
