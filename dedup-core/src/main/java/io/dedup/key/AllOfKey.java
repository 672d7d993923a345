// SPDX-License-Identifier: Apache-2.0
package io.dedup.key;

import io.dedup.IdempotencyKey;
import io.dedup.KeyResult;
import java.util.ArrayList;
import java.util.List;

/** A key of several parts, all of which have to be there: a tenant and an identifier that is unique within it. */
final class AllOfKey implements KeyExtractor {
    private final String source;
    private final List<KeyExtractor> parts;

    /**
     * @param source the names of the parts, as in configuration
     */
    AllOfKey(String source, List<KeyExtractor> parts) {
        this.source = source;
        this.parts = List.copyOf(parts);
    }

    @Override
    public KeyResult extract(RecordView record) {
        List<IdempotencyKey> found = new ArrayList<>(parts.size());
        for (KeyExtractor part : parts) {
            KeyResult result = part.extract(record);
            if (!(result instanceof IdempotencyKey key)) {
                return result;
            }
            found.add(key);
        }
        return CompositeKey.of(source, found);
    }
}
