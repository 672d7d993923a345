// SPDX-License-Identifier: Apache-2.0
package io.dedup.key;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.dedup.IdempotencyKey;
import io.dedup.KeyResult;
import io.dedup.MissingKey;
import io.dedup.MissingKey.Reason;
import java.util.Iterator;
import java.util.List;

/** A key that is the SHA-256 of named fields of a JSON value, as the canonical JSON of an object that has just those. */
final class FieldsHashKey implements KeySource {
    private final NamedFields fields;
    private final String source;

    FieldsHashKey(List<String> pointers) {
        if (pointers.isEmpty()) {
            throw new IllegalArgumentException(
                    "pointers must name at least one field, as in sha256:/orderId,/amount: []");
        }
        this.fields = new NamedFields(pointers);
        this.source = KeyExtractors.name("sha256", fields.names());
    }

    @Override
    public String source() {
        return source;
    }

    @Override
    public KeyResult keyOf(Iterator<byte[]> texts) {
        return Sha256.keyOf(source, texts.next());
    }

    @Override
    public KeyResult extract(RecordView record) {
        try {
            ObjectNode found = fields.of(record.json());
            for (String pointer : fields.pointers()) {
                if (!found.hasNonNull(pointer)) {
                    return new MissingKey(Reason.ABSENT, source, "The value has nothing at " + pointer);
                }
            }
            return IdempotencyKey.of(source, Sha256.of(found));
        } catch (Json.NotJson unreadable) {
            return JsonPointerKey.notJson(source, unreadable);
        }
    }
}
