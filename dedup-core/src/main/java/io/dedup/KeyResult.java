// SPDX-License-Identifier: Apache-2.0
package io.dedup;

/**
 * The result of looking for an idempotency key: the {@linkplain IdempotencyKey key}, or {@linkplain MissingKey why there is none}.
 */
public sealed interface KeyResult permits IdempotencyKey, MissingKey {
    /**
     * The key.
     *
     * @throws MissingKeyException if there is none, with the reason, the source and the fix
     */
    IdempotencyKey orElseThrow();
}
