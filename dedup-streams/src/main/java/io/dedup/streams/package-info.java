// SPDX-License-Identifier: Apache-2.0
/**
 * The deduplicating operator for Kafka Streams.
 *
 * <p>Start at {@link io.dedup.streams.Dedup}, which goes into a topology with one line.
 */
@NullMarked
package io.dedup.streams;

import org.jspecify.annotations.NullMarked;
