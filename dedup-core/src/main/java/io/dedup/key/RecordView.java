// SPDX-License-Identifier: Apache-2.0
package io.dedup.key;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.function.Supplier;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Headers;
import org.jspecify.annotations.Nullable;

/**
 * A record as key extractors and fingerprinters see it: headers, and key and value as bytes, which are only made when
 * they are asked for.
 *
 * <p>Confined to one thread. Arrays are shared, not copied: do not change them.
 */
public final class RecordView {
    private final Headers headers;
    private final Supplier<byte @Nullable []> key;
    private final Supplier<byte @Nullable []> value;
    private byte @Nullable [] valueBytes;
    private boolean valueRead;
    private @Nullable JsonNode json;
    private Json.@Nullable NotJson notJson;

    private RecordView(Headers headers, Supplier<byte @Nullable []> key, Supplier<byte @Nullable []> value) {
        this.headers = headers;
        this.key = key;
        this.value = value;
    }

    /**
     * A view of a record that is at hand as bytes.
     *
     * @param key null if the record has none
     * @param value null for a tombstone
     */
    public static RecordView of(Headers headers, byte @Nullable [] key, byte @Nullable [] value) {
        return new RecordView(headers, () -> key, () -> value);
    }

    /**
     * A view of a record as a consumer gives it, of which bytes and text are read as they are.
     *
     * @throws PlainBytes.NotPlainException from the view, once it is asked for a key or value that is another object
     */
    public static RecordView of(ConsumerRecord<?, ?> record) {
        return PlainBytes.view(record.headers(), record.key(), record.value());
    }

    /**
     * A view of a record whose key and value have to be serialised first; each supplier is called at most once by the
     * extractors of this package, and not at all by those that read only headers.
     */
    public static RecordView lazily(
            Headers headers, Supplier<byte @Nullable []> key, Supplier<byte @Nullable []> value) {
        return new RecordView(headers, key, value);
    }

    /** The headers of the record. */
    public Headers headers() {
        return headers;
    }

    /** The record's key; null if it has none. */
    public byte @Nullable [] key() {
        return key.get();
    }

    /** The record's value; null for a tombstone. */
    public byte @Nullable [] value() {
        if (!valueRead) {
            valueBytes = value.get();
            valueRead = true;
        }
        return valueBytes;
    }

    /**
     * The value read as JSON, without a schema registry's frame; parsed once however often it is asked for. A missing node for a
     * tombstone.
     */
    JsonNode json() throws Json.NotJson {
        if (notJson != null) {
            throw notJson;
        }
        JsonNode parsed = json;
        if (parsed == null) {
            byte[] bytes = value();
            try {
                parsed = bytes == null ? Json.MISSING : Json.parseFramed(bytes);
            } catch (Json.NotJson unreadable) {
                notJson = unreadable;
                throw unreadable;
            }
            json = parsed;
        }
        return parsed;
    }
}
