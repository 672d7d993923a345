// SPDX-License-Identifier: Apache-2.0
package io.dedup.key;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonPointer;
import com.fasterxml.jackson.databind.JsonNode;
import io.dedup.KeyResult;
import io.dedup.MissingKey;
import io.dedup.MissingKey.Reason;
import java.util.Iterator;

/** A key that is a string or a number inside a JSON value: its text, that of a number as in canonical JSON. */
final class JsonPointerKey implements KeySource {
    private final JsonPointer pointer;
    private final String source;
    private final KeyForm form;

    JsonPointerKey(String pointer, KeyForm form) {
        this.pointer = Json.pointer(pointer);
        this.source = KeyExtractors.name("value", pointer);
        this.form = form;
    }

    @Override
    public String source() {
        return source;
    }

    @Override
    public String definition() {
        return source + form.suffix();
    }

    @Override
    public KeyResult keyOf(Iterator<byte[]> texts) {
        return form.typed(source, texts.next());
    }

    @Override
    public KeyResult extract(RecordView record) {
        try {
            return key(record.json().at(pointer), source, pointer.toString(), form);
        } catch (Json.NotJson unreadable) {
            return notJson(source, unreadable);
        }
    }

    static KeyResult key(JsonNode node, String source, String pointer, KeyForm form) {
        if (node.isMissingNode() || node.isNull()) {
            return new MissingKey(Reason.ABSENT, source, "The value has nothing at " + pointer);
        }
        if (!node.isTextual() && !node.isNumber()) {
            return new MissingKey(
                    Reason.NOT_SCALAR,
                    source,
                    "What the value has at " + pointer + " is neither a string nor a number");
        }
        try {
            String text = node.isTextual() ? node.textValue() : CanonicalNumber.text(node);
            if (text.isEmpty()) {
                return new MissingKey(Reason.EMPTY, source, "The string at " + pointer + " is empty");
            }
            CanonicalJson.checkWellFormed(text);
            return form.key(source, text.getBytes(UTF_8));
        } catch (Json.NotJson unreadable) {
            return notJson(source, unreadable);
        }
    }

    static MissingKey notJson(String source, Json.NotJson unreadable) {
        return new MissingKey(Reason.INVALID_JSON, source, unreadable.detail());
    }
}
