// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal;

import io.dedup.Coordinates;
import java.nio.charset.StandardCharsets;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.streams.processor.api.RecordMetadata;
import org.jspecify.annotations.Nullable;

/**
 * Where a record comes from and which time it has, kept in a header while it passes through a repartition topic.
 *
 * @param coordinates null if unknown, as for what a punctuator has made
 * @param timestamp event time in milliseconds since the epoch
 * @param isSibling whether an earlier operation made several records of one, and this is not the first of them with its
 *     key: then the coordinates do not tell it from that one
 */
public record Origin(@Nullable Coordinates coordinates, long timestamp, boolean isSibling) {
    /** The header; its value is {@code TIMESTAMP:SIBLING} and, if known, {@code :PARTITION:OFFSET:TOPIC}. */
    public static final String HEADER = "__dedup.origin";

    private static final int MAX_PARTS = 5;

    public static @Nullable Coordinates coordinates(@Nullable RecordMetadata metadata) {
        // Records that a punctuator made have no topic and no offset.
        return metadata == null || metadata.topic() == null || metadata.offset() < 0
                ? null
                : new Coordinates(metadata.topic(), metadata.partition(), metadata.offset());
    }

    public byte[] encode() {
        String time = timestamp + ":" + (isSibling ? 1 : 0);
        Coordinates at = coordinates;
        String text = at == null ? time : time + ":" + at.partition() + ":" + at.offset() + ":" + at.topic();
        return text.getBytes(StandardCharsets.UTF_8);
    }

    /**
     * Reads the header back.
     *
     * @throws SerializationException if it is not there or damaged
     */
    public static Origin read(Headers headers) {
        Header header = headers.lastHeader(HEADER);
        if (header == null) {
            throw new SerializationException("A record in a repartition topic of dedup has no header " + HEADER);
        }
        return decode(header.value());
    }

    /**
     * Reads back what {@link #encode} wrote.
     *
     * @throws SerializationException if it is damaged
     */
    public static Origin decode(byte[] encoded) {
        String text = new String(encoded, StandardCharsets.UTF_8);
        String[] parts = text.split(":", MAX_PARTS);
        try {
            Coordinates at = parts.length < MAX_PARTS
                    ? null
                    : new Coordinates(parts[4], Integer.parseInt(parts[2]), Long.parseLong(parts[3]));
            return new Origin(at, Long.parseLong(parts[0]), parts[1].equals("1"));
        } catch (IllegalArgumentException | ArrayIndexOutOfBoundsException damaged) {
            throw new SerializationException(
                    "The origin of a record, as in the header " + HEADER + ", is damaged: " + text, damaged);
        }
    }
}
