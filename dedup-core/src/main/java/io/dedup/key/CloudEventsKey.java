// SPDX-License-Identifier: Apache-2.0
package io.dedup.key;

import com.fasterxml.jackson.core.JsonPointer;
import com.fasterxml.jackson.databind.JsonNode;
import io.dedup.IdempotencyKey;
import io.dedup.KeyResult;
import io.dedup.MissingKey;
import io.dedup.MissingKey.Reason;
import java.nio.charset.StandardCharsets;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import org.apache.kafka.common.header.Header;

/**
 * A key made of a CloudEvent's source and id, which only together are unique (CloudEvents 1.0, "id").
 *
 * <p>By the Kafka protocol binding (section 3) the content type tells the modes apart. A value is also taken for an event in
 * structured mode if no header is an attribute, and it is a JSON object with a {@code specversion}: not every bridge keeps the
 * content type. Attributes are in headers {@code ce_…}, or {@code ce-…} as HTTP has them.
 */
final class CloudEventsKey implements KeySource {
    private static final String SOURCE = "cloudevents";
    private static final String STRUCTURED = "application/cloudevents";
    private static final String BATCH = "application/cloudevents-batch";
    private static final JsonPointer EVENT_SOURCE = JsonPointer.compile("/source");
    private static final JsonPointer EVENT_ID = JsonPointer.compile("/id");
    private static final String SPEC_VERSION = "specversion";

    private final KeyForm form;
    private final int maxIdBytes;
    private final Attribute eventSource;
    private final Attribute eventId;

    CloudEventsKey(KeyForm form) {
        this(form, Integer.MAX_VALUE);
    }

    private CloudEventsKey(KeyForm form, int maxIdBytes) {
        this.form = form;
        this.maxIdBytes = maxIdBytes;
        this.eventSource = new Attribute("source", EVENT_SOURCE, new KeyForm(List.of(), KeyRules.standard()));
        this.eventId = new Attribute("id", EVENT_ID, form);
    }

    /** The same, refusing events whose id is longer: a long source is as good as a short one. */
    CloudEventsKey atMost(int maxBytes) {
        return new CloudEventsKey(form, Math.min(maxIdBytes, maxBytes));
    }

    boolean isLimited() {
        return maxIdBytes != Integer.MAX_VALUE;
    }

    @Override
    public String source() {
        return SOURCE;
    }

    @Override
    public String definition() {
        return SOURCE + form.suffix();
    }

    /** The event's source and its id. */
    @Override
    public int texts() {
        return 2;
    }

    @Override
    public int parts() {
        return 2;
    }

    @Override
    public KeyResult keyOf(Iterator<byte[]> texts) {
        KeyResult first = eventSource.form.typed(SOURCE, texts.next());
        return join(first, form.typed(SOURCE, texts.next()));
    }

    @Override
    public KeyResult extract(RecordView record) {
        String contentType = contentType(record);
        if (contentType.startsWith(BATCH)) {
            return batch();
        }
        boolean hasHyphens = hasAttribute(record, "ce-");
        try {
            if (contentType.startsWith(STRUCTURED)) {
                return structured(record.json());
            } else if (!hasHyphens && !hasAttribute(record, "ce_")) {
                JsonNode value = valueOf(record);
                if (value.has(SPEC_VERSION) || value.path(0).has(SPEC_VERSION)) {
                    return structured(value);
                }
            }
            return join(eventSource.of(record, hasHyphens), eventId.of(record, hasHyphens));
        } catch (Json.NotJson unreadable) {
            return JsonPointerKey.notJson(SOURCE, unreadable);
        }
    }

    private static String contentType(RecordView record) {
        Header contentType = record.headers().lastHeader("content-type");
        return contentType == null || contentType.value() == null
                ? ""
                : new String(contentType.value(), StandardCharsets.UTF_8)
                        .strip()
                        .toLowerCase(Locale.ROOT);
    }

    private static boolean hasAttribute(RecordView record, String prefix) {
        for (Header header : record.headers()) {
            if (header.key().regionMatches(true, 0, prefix, 0, prefix.length())) {
                return true;
            }
        }
        return false;
    }

    private static MissingKey batch() {
        return new MissingKey(
                Reason.BATCH, SOURCE, "The record is a batch of CloudEvents, which has no key: send them one by one");
    }

    private KeyResult structured(JsonNode event) {
        if (event.isArray()) {
            return batch();
        }
        JsonNode version = event.path(SPEC_VERSION);
        return version.isMissingNode() || version.isTextual()
                ? join(eventSource.of(event), eventId.of(event))
                : new MissingKey(
                        Reason.NOT_TEXT, SOURCE, "What the event has at /" + SPEC_VERSION + " is not a string");
    }

    /** The value as JSON; a missing node if it is none. */
    private static JsonNode valueOf(RecordView record) {
        try {
            return record.json();
        } catch (Json.NotJson binary) {
            return Json.MISSING;
        }
    }

    private KeyResult join(KeyResult source, KeyResult unlimited) {
        KeyResult id = LimitedKey.held(maxIdBytes, unlimited);
        if (source instanceof IdempotencyKey first && id instanceof IdempotencyKey second) {
            return CompositeKey.of(SOURCE, List.of(first, second));
        }
        return source instanceof MissingKey ? source : id;
    }

    /** An attribute of an event, which is a string of at least one character. */
    private static final class Attribute {
        private final JsonPointer pointer;
        private final KeyForm form;
        private final KeyExtractor header;
        private final KeyExtractor hyphenated;

        Attribute(String name, JsonPointer pointer, KeyForm form) {
            this.pointer = pointer;
            this.form = form;
            this.header = new HeaderKey("ce_" + name, true, SOURCE, form);
            this.hyphenated = new HeaderKey("ce-" + name, true, SOURCE, form);
        }

        KeyResult of(JsonNode event) {
            JsonNode found = event.at(pointer);
            if (found.isNumber()) {
                return new MissingKey(
                        Reason.NOT_TEXT, SOURCE, "What the event has at " + pointer + " is a number, and not a string");
            }
            return JsonPointerKey.key(found, SOURCE, pointer.toString(), form);
        }

        /**
         * The attribute in a header.
         *
         * @param hasHyphens whether some header of the record begins as those of HTTP do
         */
        KeyResult of(RecordView record, boolean hasHyphens) {
            KeyResult underscored = header.extract(record);
            if (!hasHyphens) {
                return underscored;
            }
            KeyResult other = hyphenated.extract(record);
            if (isAbsent(other)) {
                return underscored;
            } else if (isAbsent(underscored)) {
                return other;
            }
            return underscored.equals(other)
                    ? underscored
                    : new MissingKey(
                            Reason.AMBIGUOUS, SOURCE, "The record has attributes 'ce_…' and 'ce-…' that differ");
        }

        private static boolean isAbsent(KeyResult result) {
            return result instanceof MissingKey missing && missing.reason() == Reason.ABSENT;
        }
    }
}
