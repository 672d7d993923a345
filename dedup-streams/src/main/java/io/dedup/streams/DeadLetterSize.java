// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.streams.errors.ErrorHandlerContext;
import org.apache.kafka.streams.errors.StreamsException;
import org.jspecify.annotations.Nullable;

/**
 * Cuts dead letters down to what their topic takes.
 *
 * <p>Confined to the stream thread.
 *
 * @param limits of the application
 */
record DeadLetterSize(WriteLimits limits) {
    private static final String ERRORS = "__streams.errors.";
    private static final String STACK_TRACE = ERRORS + "stacktrace";
    private static final String MESSAGE = ERRORS + "message";

    /** For an application with these properties. */
    static DeadLetterSize of(Map<String, ?> configs) {
        return new DeadLetterSize(WriteLimits.from(configs));
    }

    /** What may be left out, in this order; the coordinates of the record, and why it is a dead letter, never are. */
    private enum Part {
        STACK_TRACE("stack trace"),
        VALUE("value"),
        HEADERS("headers"),
        KEY("key");

        private final String text;

        Part(String text) {
            this.text = text;
        }
    }

    /**
     * As much of that dead letter as can be written.
     *
     * @param context of the record that it is about
     * @throws StreamsException if nothing of it can be
     */
    ProducerRecord<byte[], byte[]> fitting(ProducerRecord<byte[], byte[]> letter, ErrorHandlerContext context) {
        Unwritable problem = problem(letter);
        ProducerRecord<byte[], byte[]> cut = letter;
        List<Part> omitted = new ArrayList<>();
        for (Part part : Part.values()) {
            if (problem == null) {
                return cut;
            }
            omitted.add(part);
            cut = without(omitted, letter);
            problem = problem(cut);
        }
        if (problem != null) {
            throw new StreamsException("The dead letter of the record at " + context.topic() + "-" + context.partition()
                    + "@" + context.offset() + " cannot be written to " + letter.topic() + ": " + problem.reason()
                    + " (" + problem.detail() + ", without the record's value, headers and key). " + problem.fix()
                    + ", and start the application again; nothing of the record is committed");
        }
        return cut;
    }

    private @Nullable Unwritable problem(ProducerRecord<byte[], byte[]> letter) {
        // Its time is that of sending, or what another handler has chosen.
        return limits.problem(letter.topic(), letter.key(), letter.value(), letter.headers(), null, 0);
    }

    private static ProducerRecord<byte[], byte[]> without(List<Part> omitted, ProducerRecord<byte[], byte[]> letter) {
        Predicate<Header> kept = omitted.contains(Part.HEADERS)
                ? header -> DedupHeaders.isOurs(header) || isOfKafka(header)
                : header -> !header.key().equals(STACK_TRACE);
        Headers headers = new RecordHeaders();
        for (Header header : letter.headers()) {
            if (kept.test(header)) {
                headers.add(header);
            }
        }
        DedupHeaders.add(
                headers,
                DedupHeaders.OMITTED,
                String.join(", ", omitted.stream().map(part -> part.text).toList()));
        byte[] key = letter.key();
        byte[] value = letter.value();
        DedupHeaders.add(headers, DedupHeaders.KEY_BYTES, Integer.toString(key == null ? 0 : key.length));
        DedupHeaders.add(headers, DedupHeaders.VALUE_BYTES, Integer.toString(value == null ? 0 : value.length));
        return new ProducerRecord<>(
                letter.topic(),
                letter.partition(),
                letter.timestamp(),
                omitted.contains(Part.KEY) ? null : key,
                omitted.contains(Part.VALUE) ? null : value,
                headers);
    }

    private static boolean isOfKafka(Header header) {
        String name = header.key();
        return name.startsWith(ERRORS) && !name.equals(STACK_TRACE) && !name.equals(MESSAGE);
    }
}
