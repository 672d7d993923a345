// SPDX-License-Identifier: Apache-2.0
package io.dedup;

/** What looking for an idempotency key came to: the {@linkplain IdempotencyKey key}, or {@linkplain MissingKey why not}. */
public sealed interface KeyResult permits IdempotencyKey, MissingKey {
    /**
     * The key.
     *
     * @throws MissingKeyException if there is none, with the reason, the source and the fix
     */
    IdempotencyKey orElseThrow();
}
