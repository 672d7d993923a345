// SPDX-License-Identifier: Apache-2.0
package io.dedup.demo.traffic;

import com.fasterxml.jackson.databind.JsonNode;
import io.dedup.IdempotencyKey;
import io.dedup.demo.traffic.Sending.Header;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Reads traffic from a file with one JSON object a line:
 *
 * <pre>{@code
 * {"topic":"payments","key":"c-17","timestamp":1766000000000,"headers":{"idempotency-key":"…"},"value":{…}}
 * }</pre>
 *
 * <p>{@code topic} and {@code value} must be there. Without {@code timestamp} a record has the time of the run. A header
 * may have a list of texts, for a header that is sent several times. Blank lines are skipped.
 */
public final class InputFile {
    private static final Set<String> FIELDS = new TreeSet<>(Set.of("topic", "key", "timestamp", "headers", "value"));
    /** What surely fits into a Kafka record of the default size. */
    private static final int MAX_LINE = 900_000;

    private static final String BYTE_ORDER_MARK = "\uFEFF";

    private InputFile() {}

    /**
     * The records of that file, in order.
     *
     * @param now the time of records without one, in milliseconds since the epoch
     * @throws MalformedInputFileException at the first line that cannot be used, with its number
     * @throws IOException if the file cannot be read
     */
    public static List<Sending> read(Path file, long now) throws IOException {
        List<Sending> sendings = new ArrayList<>();
        int number = 0;
        try (InputStream bytes = new BufferedInputStream(Files.newInputStream(file))) {
            while (true) {
                number++;
                byte[] line = line(bytes);
                if (line.length == 0) {
                    return sendings;
                }
                String text = text(line, number == 1);
                if (!text.isBlank()) {
                    sendings.add(parse(text, now));
                }
            }
        } catch (IllegalArgumentException malformed) {
            throw new MalformedInputFileException(file, number, String.valueOf(malformed.getMessage()));
        }
    }

    /** The bytes up to and with the next line feed, or to the end; none at the end. */
    private static byte[] line(InputStream bytes) throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        for (int next = bytes.read(); next >= 0; next = bytes.read()) {
            line.write(next);
            if (line.size() > MAX_LINE) {
                throw new IllegalArgumentException("it has more than " + MAX_LINE + " bytes");
            }
            if (next == '\n') {
                break;
            }
        }
        return line.toByteArray();
    }

    private static String text(byte[] line, boolean first) {
        try {
            String text = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(line))
                    .toString();
            return first && text.startsWith(BYTE_ORDER_MARK) ? text.substring(1) : text;
        } catch (CharacterCodingException notText) {
            throw new IllegalArgumentException("it is not UTF-8", notText);
        }
    }

    private static Sending parse(String line, long now) {
        JsonNode json = json(line);
        json.fieldNames().forEachRemaining(field -> {
            if (!FIELDS.contains(field)) {
                throw new IllegalArgumentException("there is no field '" + field + "'; there are " + FIELDS);
            }
        });
        JsonNode topic = json.path("topic");
        if (!topic.isTextual() || !Topics.INPUTS.contains(topic.textValue())) {
            throw new IllegalArgumentException(
                    "topic must be one of " + Topics.INPUTS + ", and is " + OperationJson.shown(topic));
        }
        JsonNode value = json.path("value");
        if (!value.isObject()) {
            throw new IllegalArgumentException("value must be an object, and is " + OperationJson.shown(value));
        }
        String key = key(json.path("key"));
        List<Header> headers = headers(json.path("headers"));
        return new Sending(
                topic.textValue(),
                key,
                partitionedBy(key, headers),
                timestamp(json.path("timestamp"), now),
                headers,
                OperationJson.parse(topic.textValue(), value),
                value.toString());
    }

    /**
     * What keeps records of one operation in the order of the file, also if their keys differ: in another order the expected
     * result would be undefined.
     */
    private static String partitionedBy(@Nullable String key, List<Header> headers) {
        IdempotencyKey idempotencyKey = Sending.idempotencyKey(headers);
        return idempotencyKey != null ? OperationKey.header(idempotencyKey) : key == null ? "" : key;
    }

    private static JsonNode json(String line) {
        JsonNode json;
        try {
            json = StrictJson.read(line);
        } catch (IllegalArgumentException unreadable) {
            throw new IllegalArgumentException("it is not a JSON object: it " + unreadable.getMessage(), unreadable);
        }
        if (!json.isObject()) {
            throw new IllegalArgumentException("it must be a JSON object, and is " + json);
        }
        return json;
    }

    private static @Nullable String key(JsonNode key) {
        if (key.isMissingNode() || key.isNull()) {
            return null;
        }
        if (!key.isTextual()) {
            throw new IllegalArgumentException("key must be a text or null, and is " + key);
        }
        return key.textValue();
    }

    private static long timestamp(JsonNode timestamp, long now) {
        if (timestamp.isMissingNode() || timestamp.isNull()) {
            return now;
        }
        if (!timestamp.isIntegralNumber() || !timestamp.canConvertToLong() || timestamp.longValue() < 0) {
            throw new IllegalArgumentException(
                    "timestamp must be milliseconds since 1970, a whole number from 0, and is " + timestamp);
        }
        return timestamp.longValue();
    }

    private static List<Header> headers(JsonNode headers) {
        if (headers.isMissingNode() || headers.isNull()) {
            return List.of();
        }
        if (!headers.isObject()) {
            throw new IllegalArgumentException("headers must be an object, and is " + headers);
        }
        List<Header> read = new ArrayList<>();
        headers.properties().forEach(header -> {
            if (header.getValue().isArray()) {
                header.getValue().forEach(value -> read.add(header(header.getKey(), value)));
            } else {
                read.add(header(header.getKey(), header.getValue()));
            }
        });
        return read;
    }

    private static Header header(String name, JsonNode value) {
        if (!value.isTextual()) {
            throw new IllegalArgumentException(
                    "headers." + name + " must be a text or a list of texts, and is " + value);
        }
        return new Header(name, value.textValue());
    }
}
