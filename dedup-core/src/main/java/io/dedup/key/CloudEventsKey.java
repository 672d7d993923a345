// SPDX-License-Identifier: Apache-2.0
package io.dedup.key;

import com.fasterxml.jackson.core.JsonPointer;
import com.fasterxml.jackson.databind.JsonNode;
import io.dedup.IdempotencyKey;
import io.dedup.KeyResult;
import io.dedup.MissingKey;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import org.apache.kafka.common.header.Header;

/**
 * A key made of a CloudEvent's source and id, which only together are unique (CloudEvents 1.0, "id"). The source is
 * preceded by its length, so that no two pairs give the same bytes.
 */
final class CloudEventsKey implements KeyExtractor {
    private static final String SOURCE = "cloudevents";
    private static final JsonPointer EVENT_SOURCE = JsonPointer.compile("/source");
    private static final JsonPointer EVENT_ID = JsonPointer.compile("/id");

    @Override
    public KeyResult extract(RecordView record) {
        try {
            return isStructured(record)
                    ? join(attribute(record.json(), EVENT_SOURCE), attribute(record.json(), EVENT_ID))
                    : join(
                            HeaderKey.read(record.headers(), "ce_source", SOURCE),
                            HeaderKey.read(record.headers(), "ce_id", SOURCE));
        } catch (Json.NotJson unreadable) {
            return JsonPointerKey.notJson(SOURCE, unreadable);
        }
    }

    /** Kafka protocol binding for CloudEvents, section 3: the content type tells the two modes apart. */
    private static boolean isStructured(RecordView record) {
        Header contentType = record.headers().lastHeader("content-type");
        return contentType != null
                && contentType.value() != null
                && new String(contentType.value(), StandardCharsets.UTF_8)
                        .toLowerCase(Locale.ROOT)
                        .startsWith("application/cloudevents");
    }

    private static KeyResult attribute(JsonNode event, JsonPointer pointer) {
        return JsonPointerKey.key(event.at(pointer), SOURCE, pointer.toString());
    }

    private static KeyResult join(KeyResult source, KeyResult id) {
        if (source instanceof MissingKey) {
            return source;
        }
        if (id instanceof MissingKey) {
            return id;
        }
        IdempotencyKey first = (IdempotencyKey) source;
        IdempotencyKey second = (IdempotencyKey) id;
        ByteBuffer joined = ByteBuffer.allocate(Integer.BYTES + first.length() + second.length());
        joined.putInt(first.length());
        first.writeTo(joined);
        second.writeTo(joined);
        return IdempotencyKey.of(SOURCE, joined.array());
    }
}
