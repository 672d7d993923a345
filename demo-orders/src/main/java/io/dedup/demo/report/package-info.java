// SPDX-License-Identifier: Apache-2.0
/**
 * What a run came to: counted, held against the truth, and shown.
 *
 * <p>Start at {@link io.dedup.demo.report.Summary}.
 */
@NullMarked
package io.dedup.demo.report;

import org.jspecify.annotations.NullMarked;
