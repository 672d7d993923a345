// SPDX-License-Identifier: Apache-2.0
/** The seam between the operator and what holds its entries on one machine. Start at {@link io.dedup.streams.internal.store.engine.Segments}. */
@NullMarked
package io.dedup.streams.internal.store.engine;

import org.jspecify.annotations.NullMarked;
