// SPDX-License-Identifier: Apache-2.0
/**
 * Every layout of bytes that is kept from one release to the next. It is not part of the API.
 *
 * <p>Start at {@link io.dedup.streams.internal.store.format.EntryCodec}.
 */
@NullMarked
package io.dedup.streams.internal.store.format;

import org.jspecify.annotations.NullMarked;
