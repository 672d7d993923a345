// SPDX-License-Identifier: Apache-2.0
/**
 * What was measured, and how it is shown.
 *
 * <p>Start at {@link io.dedup.bench.report.Results}.
 */
@NullMarked
package io.dedup.bench.report;

import org.jspecify.annotations.NullMarked;
