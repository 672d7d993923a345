// SPDX-License-Identifier: Apache-2.0
/** The sensors behind the metrics of an operator. It is not part of the API. Start at {@link io.dedup.streams.internal.metrics.VerdictSensors}. */
@NullMarked
package io.dedup.streams.internal.metrics;

import org.jspecify.annotations.NullMarked;
