// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams;

import io.dedup.Candidate;
import io.dedup.Coordinates;
import io.dedup.Decision;
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

/**
 * The headers that say why a record is a duplicate, a dead letter, or marked. All values are UTF-8 text.
 *
 * <p>Dead letters carry Kafka's own {@code __streams.errors.*} beside them.
 */
public final class DedupHeaders {
    private static final String PREFIX = "__dedup.";

    /** The verdict, and after a colon what is wrong with a missing key: {@code conflict}, {@code missing-key:absent}. */
    public static final String REASON = "__dedup.reason";

    /** The name of the operator that says so. */
    public static final String NODE = "__dedup.node";

    /** Where the idempotency key was found or looked for, as in configuration: {@code header:idempotency-key}. */
    public static final String KEY_SOURCE = "__dedup.key.source";

    /** For a missing key, an invalid TTL or an outcome that is not there: what is wrong, as a sentence. */
    public static final String DETAIL = "__dedup.detail";

    /** The event time of this record, in milliseconds since the epoch. */
    public static final String TIMESTAMP = "__dedup.timestamp";

    /** The topic of this record. */
    public static final String TOPIC = "__dedup.topic";

    /** The partition of this record. */
    public static final String PARTITION = "__dedup.partition";

    /** The offset of this record. */
    public static final String OFFSET = "__dedup.offset";

    /** The topic of the first. */
    public static final String FIRST_TOPIC = "__dedup.first.topic";

    /** The partition of the first. */
    public static final String FIRST_PARTITION = "__dedup.first.partition";

    /** The offset of the first. */
    public static final String FIRST_OFFSET = "__dedup.first.offset";

    /** The event time of the first, in milliseconds since the epoch. */
    public static final String FIRST_TIMESTAMP = "__dedup.first.timestamp";

    /** For a record that cannot be written: the topic that does not take it. */
    public static final String TARGET = "__dedup.target";

    /** On a dead letter without its value, for which there was no room: how many bytes it has. */
    public static final String VALUE_OMITTED = "__dedup.value.omitted";

    /** On a dead letter without its key, likewise: how many bytes it has. */
    public static final String KEY_OMITTED = "__dedup.key.omitted";

    /** On a dead letter without the headers of the record, likewise: how many there are. */
    public static final String HEADERS_OMITTED = "__dedup.headers.omitted";

    /** {@code true} on the answer to a duplicate that is the stored outcome of its first. */
    public static final String REPLAYED = "__dedup.replayed";

    /** On a record of the control topic: what to do, which can be {@value #FORGET}. */
    public static final String COMMAND = "__dedup.command";

    /** The command to forget the key that is the record's key, of that {@link #TOPIC} and {@link #KEY_SOURCE}. */
    public static final String FORGET = "forget";

    private DedupHeaders() {}

    /** Where the record stood that has these headers, if they say so. */
    static Optional<Coordinates> whereItStood(Headers headers) {
        String topic = text(headers, TOPIC);
        String partition = text(headers, PARTITION);
        String offset = text(headers, OFFSET);
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
    static Headers of(
            String node,
            String reason,
            @Nullable String detail,
            Decision decision,
            Candidate candidate,
            @Nullable Coordinates here) {
        Headers headers = new RecordHeaders();
        add(headers, REASON, reason);
        add(headers, NODE, node);
        add(headers, KEY_SOURCE, source(candidate.key()));
        add(headers, TIMESTAMP, Long.toString(candidate.timestamp()));
        if (detail != null) {
            add(headers, DETAIL, detail);
        }
        SeenRecord first = decision.first();
        if (first != null) {
            add(headers, FIRST_TIMESTAMP, Long.toString(first.timestamp()));
            add(headers, first.coordinates(), FIRST_TOPIC, FIRST_PARTITION, FIRST_OFFSET);
        }
        add(headers, here, TOPIC, PARTITION, OFFSET);
        return headers;
    }

    /** What these headers say about a record that cannot be written. */
    static Headers ofUnwritable(String node, String target, Rejection fault, Origin origin) {
        Headers headers = new RecordHeaders();
        add(headers, REASON, fault.reason());
        add(headers, NODE, node);
        add(headers, TIMESTAMP, Long.toString(origin.timestamp()));
        add(headers, TARGET, target);
        if (fault.detail() != null) {
            add(headers, DETAIL, fault.detail());
        }
        add(headers, origin.coordinates(), TOPIC, PARTITION, OFFSET);
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
    static Headers merged(Headers original, Headers marks) {
        Headers merged = without(original);
        marks.forEach(merged::add);
        return merged;
    }

    /** These headers, saying too that the record is answered with a stored outcome. */
    static Headers replayed(Headers marks) {
        add(marks, REPLAYED, "true");
        return marks;
    }

    /** A copy of {@code original} without any marks. */
    static Headers without(Headers original) {
        Headers unmarked = new RecordHeaders();
        for (Header header : original) {
            if (!header.key().startsWith(PREFIX)) {
                unmarked.add(header);
            }
        }
        return unmarked;
    }

    /** Whether that operator has marked the record, which has come back since. */
    static boolean isMarkedBy(String node, Headers headers) {
        Header mark = headers.lastHeader(NODE);
        return mark != null && Arrays.equals(mark.value(), node.getBytes(StandardCharsets.UTF_8));
    }

    /** The text of that header; null if there is none. */
    static @Nullable String text(Headers headers, String name) {
        Header header = headers.lastHeader(name);
        return header == null || header.value() == null ? null : new String(header.value(), StandardCharsets.UTF_8);
    }

    private static String source(KeyResult key) {
        return key instanceof IdempotencyKey found ? found.source() : ((MissingKey) key).source();
    }

    /** Whether that header is one of ours. */
    static boolean isOurs(Header header) {
        return header.key().startsWith(PREFIX);
    }

    static void add(Headers headers, String name, String value) {
        headers.add(name, value.getBytes(StandardCharsets.UTF_8));
    }
}
