// SPDX-License-Identifier: Apache-2.0
package io.dedup.key;

import io.dedup.IdempotencyKey;
import io.dedup.KeyResult;
import io.dedup.MissingKey;

/**
 * Refuses keys of another source that are too long.
 *
 * @param maxBytes at least 1
 */
record LimitedKey(int maxBytes, KeyExtractor source) implements KeyExtractor {
    @Override
    public KeyResult extract(RecordView view) {
        return held(maxBytes, source.extract(view));
    }

    /** The same, or why it is too long. */
    static KeyResult held(int maxBytes, KeyResult result) {
        return result instanceof IdempotencyKey key && key.length() > maxBytes
                ? new MissingKey(
                        MissingKey.Reason.TOO_LONG,
                        key.source(),
                        "The key has " + key.length() + " bytes; at most " + maxBytes + " are allowed")
                : result;
    }
}
