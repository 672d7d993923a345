// SPDX-License-Identifier: Apache-2.0
/**
 * The operator around an existing topology, by configuration alone.
 *
 * <p>Start at {@link io.dedup.streams.wrap.DedupTopology}, which builds a topology with it; where something else builds it,
 * {@link io.dedup.streams.wrap.DedupProcessorWrapper} is named in the properties.
 */
@NullMarked
package io.dedup.streams.wrap;

import org.jspecify.annotations.NullMarked;
