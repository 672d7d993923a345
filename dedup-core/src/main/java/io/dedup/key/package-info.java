// SPDX-License-Identifier: Apache-2.0
/**
 * How a record's identity is read: its idempotency key and the fingerprint of its payload.
 *
 * <p>Start at {@link io.dedup.key.KeyExtractors}, which has every kind of key source.
 */
@NullMarked
package io.dedup.key;

import org.jspecify.annotations.NullMarked;
