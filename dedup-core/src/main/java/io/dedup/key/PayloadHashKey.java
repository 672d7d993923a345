// SPDX-License-Identifier: Apache-2.0
package io.dedup.key;

import io.dedup.IdempotencyKey;
import io.dedup.KeyResult;
import io.dedup.MissingKey;
import io.dedup.MissingKey.Reason;
import java.util.Iterator;

/** A key that is the SHA-256 of the whole value: for records that are one operation only if they are equal. */
final class PayloadHashKey implements KeySource {
    private final String source;
    private final boolean framed;

    /**
     * @param framed whether the five bytes of a schema registry are left out
     */
    PayloadHashKey(boolean framed) {
        this.framed = framed;
        this.source = KeyExtractors.name("sha256", framed ? "framed-value" : "value");
    }

    @Override
    public String source() {
        return source;
    }

    @Override
    public KeyResult extract(RecordView record) {
        byte[] value = record.value();
        if (value == null) {
            return new MissingKey(Reason.ABSENT, source, "The record is a tombstone, which has no value");
        }
        return IdempotencyKey.of(source, Sha256.of(framed ? SchemaFrame.contentOf(value) : value));
    }

    @Override
    public KeyResult keyOf(Iterator<byte[]> texts) {
        return Sha256.keyOf(source, texts.next());
    }
}
