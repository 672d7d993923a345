// SPDX-License-Identifier: Apache-2.0
package io.dedup.key;

import io.dedup.KeyResult;
import io.dedup.MissingKey;
import io.dedup.MissingKey.Reason;
import java.util.Arrays;
import java.util.Iterator;
import org.apache.kafka.common.header.Header;
import org.jspecify.annotations.Nullable;

/** A key that is the value of a header, of any bytes. */
final class HeaderKey implements KeySource {
    private final String name;
    private final boolean ignoreCase;
    private final String source;
    private final KeyForm form;

    HeaderKey(String name) {
        this(name, false, KeyForm.STANDARD);
    }

    /**
     * @param ignoreCase whether headers whose names differ in small letters and capitals are one
     */
    HeaderKey(String name, boolean ignoreCase, KeyForm form) {
        this(name, ignoreCase, KeyExtractors.name("header", name), form);
    }

    /** A header that is read for another source. */
    HeaderKey(String name, boolean ignoreCase, String source, KeyForm form) {
        if (name.isBlank() || !name.equals(name.strip())) {
            throw new IllegalArgumentException(
                    "name must not be blank or have blanks around it, as in header:idempotency-key: '" + name + "'");
        }
        this.name = name;
        this.ignoreCase = ignoreCase;
        this.source = source;
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
        byte[] value = null;
        String near = null;
        for (Header header : record.headers()) {
            if (header.key().equals(name) || (ignoreCase && header.key().equalsIgnoreCase(name))) {
                byte[] found = bytes(header);
                if (value != null
                        && !Arrays.equals(value, found)
                        && !Arrays.equals(form.normalized(value), form.normalized(found))) {
                    return new MissingKey(
                            Reason.AMBIGUOUS, source, "The record has several headers '" + name + "' that differ");
                }
                value = found;
            } else if (header.key().equalsIgnoreCase(name)) {
                near = header.key();
            }
        }
        if (value == null) {
            return absent(near);
        }
        if (value.length == 0) {
            return new MissingKey(Reason.EMPTY, source, "The header '" + name + "' is empty");
        }
        return form.key(source, value);
    }

    private MissingKey absent(@Nullable String near) {
        String hint = near == null
                ? ""
                : ", but it has '" + near + "': names of headers are compared with their case, unless the source is"
                        + " header-ignore-case:" + name;
        return new MissingKey(Reason.ABSENT, source, "The record has no header '" + name + "'" + hint);
    }

    private static byte[] bytes(Header header) {
        byte @Nullable [] value = header.value();
        return value == null ? new byte[0] : value;
    }
}
