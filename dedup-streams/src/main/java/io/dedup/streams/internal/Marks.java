// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal;

import io.dedup.Candidate;
import io.dedup.Coordinates;
import io.dedup.Decision;
import io.dedup.DedupHeaders;
import io.dedup.IdempotencyKey;
import io.dedup.KeyResult;
import io.dedup.MissingKey;
import io.dedup.SeenRecord;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.jspecify.annotations.Nullable;

/** Makes and reads headers of {@link DedupHeaders}. */
public final class Marks {
    private Marks() {}

    /** Where the record stood that has these headers, if they say so. */
    public static Optional<Coordinates> whereItStood(Headers headers) {
        String topic = text(headers, DedupHeaders.TOPIC);
        String partition = text(headers, DedupHeaders.PARTITION);
        String offset = text(headers, DedupHeaders.OFFSET);
        if (topic == null || partition == null || offset == null) {
            return Optional.empty();
        }
        try {
            return Optional.of(new Coordinates(topic, Integer.parseInt(partition), Long.parseLong(offset)));
        } catch (IllegalArgumentException notOurs) {
            return Optional.empty();
        }
    }

    /**
     * What these headers say about a decision.
     *
     * @param reason in a word or two
     * @param detail as a sentence; null if the reason says it all
     */
    public static Headers of(
            String node,
            String reason,
            @Nullable String detail,
            Decision decision,
            Candidate candidate,
            @Nullable Coordinates here) {
        Headers headers = new RecordHeaders();
        add(headers, DedupHeaders.REASON, reason);
        add(headers, DedupHeaders.NODE, node);
        add(headers, DedupHeaders.KEY_SOURCE, source(candidate.key()));
        add(headers, DedupHeaders.TIMESTAMP, Long.toString(candidate.timestamp()));
        if (detail != null) {
            add(headers, DedupHeaders.DETAIL, detail);
        }
        SeenRecord first = decision.first();
        if (first != null) {
            add(headers, DedupHeaders.FIRST_TIMESTAMP, Long.toString(first.timestamp()));
            add(
                    headers,
                    first.coordinates(),
                    DedupHeaders.FIRST_TOPIC,
                    DedupHeaders.FIRST_PARTITION,
                    DedupHeaders.FIRST_OFFSET);
        }
        add(headers, here, DedupHeaders.TOPIC, DedupHeaders.PARTITION, DedupHeaders.OFFSET);
        return headers;
    }

    /** What these headers say about a record that cannot be written. */
    public static Headers ofUnwritable(String node, String target, Rejection fault, Origin origin) {
        Headers headers = new RecordHeaders();
        add(headers, DedupHeaders.REASON, fault.reason());
        add(headers, DedupHeaders.NODE, node);
        add(headers, DedupHeaders.TIMESTAMP, Long.toString(origin.timestamp()));
        add(headers, DedupHeaders.TARGET, target);
        if (fault.detail() != null) {
            add(headers, DedupHeaders.DETAIL, fault.detail());
        }
        add(headers, origin.coordinates(), DedupHeaders.TOPIC, DedupHeaders.PARTITION, DedupHeaders.OFFSET);
        return headers;
    }

    private static void add(Headers headers, @Nullable Coordinates at, String topic, String partition, String offset) {
        if (at != null) {
            add(headers, topic, at.topic());
            add(headers, partition, Integer.toString(at.partition()));
            add(headers, offset, Long.toString(at.offset()));
        }
    }

    /** A copy of {@code original} with {@code marks} in it instead of any older ones. */
    public static Headers merged(Headers original, Headers marks) {
        Headers merged = without(original);
        marks.forEach(merged::add);
        return merged;
    }

    /** These headers, saying too that the record is answered with a stored outcome. */
    public static Headers replayed(Headers marks) {
        add(marks, DedupHeaders.REPLAYED, "true");
        return marks;
    }

    /** A copy of {@code original} without any marks. */
    public static Headers without(Headers original) {
        Headers unmarked = new RecordHeaders();
        for (Header header : original) {
            if (!header.key().startsWith(DedupHeaders.PREFIX)) {
                unmarked.add(header);
            }
        }
        return unmarked;
    }

    /** Whether that operator has marked the record, which has come back since. */
    public static boolean isMarkedBy(String node, Headers headers) {
        Header mark = headers.lastHeader(DedupHeaders.NODE);
        return mark != null && Arrays.equals(mark.value(), node.getBytes(StandardCharsets.UTF_8));
    }

    /** The text of that header; null if there is none. */
    public static @Nullable String text(Headers headers, String name) {
        Header header = headers.lastHeader(name);
        return header == null || header.value() == null ? null : new String(header.value(), StandardCharsets.UTF_8);
    }

    private static String source(KeyResult key) {
        return key instanceof IdempotencyKey found ? found.source() : ((MissingKey) key).source();
    }

    /** Whether that header is one of ours. */
    public static boolean isOurs(Header header) {
        return header.key().startsWith(DedupHeaders.PREFIX);
    }

    public static void add(Headers headers, String name, String value) {
        headers.add(name, value.getBytes(StandardCharsets.UTF_8));
    }
}
