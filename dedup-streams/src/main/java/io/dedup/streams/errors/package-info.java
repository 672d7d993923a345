// SPDX-License-Identifier: Apache-2.0
/**
 * What happens to records that are refused, or whose processing fails: the exception handlers that Kafka Streams is configured with, and the
 * headers of dead letters.
 *
 * <p>Start at {@link io.dedup.streams.errors.DedupProcessingExceptionHandler}.
 */
@NullMarked
package io.dedup.streams.errors;

import org.jspecify.annotations.NullMarked;
