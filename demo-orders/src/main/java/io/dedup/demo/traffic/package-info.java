// SPDX-License-Identifier: Apache-2.0
/**
 * What is sent: orders and payments, from producers that behave like the real thing or from a file, with the truth of
 * what should come of them.
 *
 * <p>Start at {@link io.dedup.demo.traffic.Traffic}.
 */
@NullMarked
package io.dedup.demo.traffic;

import org.jspecify.annotations.NullMarked;
