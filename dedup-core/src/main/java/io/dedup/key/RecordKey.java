// SPDX-License-Identifier: Apache-2.0
package io.dedup.key;

import io.dedup.KeyResult;
import io.dedup.MissingKey;
import io.dedup.MissingKey.Reason;
import java.util.Iterator;

/** A key that is the record's own key. */
final class RecordKey implements KeySource {
    private static final String SOURCE = "record-key";

    private final KeyForm form;

    RecordKey(KeyForm form) {
        this.form = form;
    }

    @Override
    public String source() {
        return SOURCE;
    }

    @Override
    public String definition() {
        return SOURCE + form.suffix();
    }

    @Override
    public KeyResult keyOf(Iterator<byte[]> texts) {
        return form.typed(SOURCE, texts.next());
    }

    @Override
    public KeyResult extract(RecordView record) {
        byte[] key = record.key();
        if (key == null) {
            return new MissingKey(Reason.ABSENT, SOURCE, "The record has no key");
        }
        if (key.length == 0) {
            return new MissingKey(Reason.EMPTY, SOURCE, "The record's key is empty");
        }
        return form.key(SOURCE, key);
    }
}
