// SPDX-License-Identifier: Apache-2.0
/**
 * The words of deduplication and the one function that decides, free of clocks, stores and Kafka clients.
 *
 * <p>Start at {@link io.dedup.DedupPolicy#decide}, which gives every record its {@link io.dedup.Verdict}.
 */
@NullMarked
package io.dedup;

import org.jspecify.annotations.NullMarked;
