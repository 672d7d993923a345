// SPDX-License-Identifier: Apache-2.0
package io.dedup.key;

import io.dedup.IdempotencyKey;
import io.dedup.KeyResult;
import io.dedup.MissingKey;
import io.dedup.MissingKey.Reason;
import java.util.Arrays;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;
import org.jspecify.annotations.Nullable;

/** A key that is the value of a header, whatever bytes it has. */
final class HeaderKey implements KeyExtractor {
    private final String name;
    private final String source;

    HeaderKey(String name) {
        if (name.isBlank() || !name.equals(name.strip())) {
            throw new IllegalArgumentException(
                    "A header has a name without blanks around it, as in header:idempotency-key");
        }
        this.name = name;
        this.source = KeyExtractors.name("header", name);
    }

    @Override
    public KeyResult extract(RecordView record) {
        return read(record.headers(), name, source);
    }

    static KeyResult read(Headers headers, String name, String source) {
        byte[] value = null;
        for (Header header : headers) {
            if (header.key().equals(name)) {
                byte[] found = bytes(header);
                if (value != null && !Arrays.equals(value, found)) {
                    return new MissingKey(
                            Reason.AMBIGUOUS, source, "The record has several headers '" + name + "' that differ");
                }
                value = found;
            }
        }
        if (value == null) {
            return new MissingKey(Reason.ABSENT, source, "The record has no header '" + name + "'");
        }
        if (value.length == 0) {
            return new MissingKey(Reason.EMPTY, source, "The header '" + name + "' is empty");
        }
        return IdempotencyKey.of(source, value);
    }

    private static byte[] bytes(Header header) {
        byte @Nullable [] value = header.value();
        return value == null ? new byte[0] : value;
    }
}
