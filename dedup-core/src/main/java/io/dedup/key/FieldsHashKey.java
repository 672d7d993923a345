// SPDX-License-Identifier: Apache-2.0
package io.dedup.key;

import com.fasterxml.jackson.core.JsonPointer;
import com.fasterxml.jackson.databind.JsonNode;
import io.dedup.IdempotencyKey;
import io.dedup.KeyResult;
import io.dedup.MissingKey;
import io.dedup.MissingKey.Reason;
import java.util.List;

/** A key that is the SHA-256 of named fields of a JSON value. */
final class FieldsHashKey implements KeyExtractor {
    private final List<JsonPointer> pointers;
    private final String source;

    FieldsHashKey(List<String> pointers) {
        if (pointers.isEmpty()) {
            throw new IllegalArgumentException("sha256 needs at least one field, as in sha256:/orderId,/amount");
        }
        this.pointers = pointers.stream().map(Json::pointer).toList();
        this.source = KeyExtractors.name("sha256", pointers.toArray(String[]::new));
    }

    @Override
    public KeyResult extract(RecordView record) {
        FieldDigest digest = new FieldDigest();
        try {
            for (JsonPointer pointer : pointers) {
                JsonNode field = record.json().at(pointer);
                if (field.isMissingNode() || field.isNull()) {
                    return new MissingKey(Reason.ABSENT, source, "The value has nothing at " + pointer);
                }
                digest.add(field);
            }
        } catch (Json.NotJson unreadable) {
            return JsonPointerKey.notJson(source);
        }
        return IdempotencyKey.of(source, digest.sha256());
    }
}
