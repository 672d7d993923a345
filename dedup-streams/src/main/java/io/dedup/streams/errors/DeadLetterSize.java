// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.errors;

import io.dedup.DedupHeaders;
import io.dedup.streams.internal.Marks;
import io.dedup.streams.target.Unwritable;
import io.dedup.streams.target.WriteLimits;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.streams.errors.ErrorHandlerContext;
import org.apache.kafka.streams.errors.StreamsException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Cuts dead letters down to what their topic takes.
 *
 * <p>Confined to the stream thread.
 *
 * @param limits of the application
 */
record DeadLetterSize(WriteLimits limits) {
    private static final Logger LOGGER = LoggerFactory.getLogger(DeadLetterSize.class);
    private static final String ERRORS = "__streams.errors.";
    private static final String STACK_TRACE = ERRORS + "stacktrace";
    private static final String MESSAGE = ERRORS + "message";

    /** For an application with these properties. */
    static DeadLetterSize of(Map<String, ?> configs) {
        return new DeadLetterSize(WriteLimits.from(configs));
    }

    /** The parts that are left out, one after the other; the coordinates of the record, and why it is a dead letter, never are. */
    private enum Part {
        STACK_TRACE,
        VALUE,
        HEADERS,
        KEY
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
        Set<Part> omitted = EnumSet.noneOf(Part.class);
        for (Part part : Part.values()) {
            if (problem == null) {
                break;
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
        if (omitted.contains(Part.VALUE)) {
            LOGGER.warn(
                    "The dead letter of {}-{}@{} is too large for {}, and is sent without its value of {} bytes",
                    context.topic(),
                    context.partition(),
                    context.offset(),
                    letter.topic(),
                    length(letter.value()));
        }
        return cut;
    }

    private @Nullable Unwritable problem(ProducerRecord<byte[], byte[]> letter) {
        // Its time is that of sending, or what another handler has chosen.
        return limits.problem(letter.topic(), letter.key(), letter.value(), letter.headers(), null, 0);
    }

    private static ProducerRecord<byte[], byte[]> without(Set<Part> omitted, ProducerRecord<byte[], byte[]> letter) {
        Headers headers = new RecordHeaders();
        int others = 0;
        for (Header header : letter.headers()) {
            boolean isOfRecord = !Marks.isOurs(header) && !header.key().startsWith(ERRORS);
            others += isOfRecord ? 1 : 0;
            boolean isLeftOut = header.key().equals(STACK_TRACE)
                    || (omitted.contains(Part.HEADERS)
                            && (isOfRecord || header.key().equals(MESSAGE)));
            if (!isLeftOut) {
                headers.add(header);
            }
        }
        byte[] key = letter.key();
        byte[] value = letter.value();
        if (omitted.contains(Part.VALUE)) {
            Marks.add(headers, DedupHeaders.VALUE_OMITTED, Integer.toString(length(value)));
        }
        if (omitted.contains(Part.HEADERS)) {
            Marks.add(headers, DedupHeaders.HEADERS_OMITTED, Integer.toString(others));
        }
        if (omitted.contains(Part.KEY)) {
            Marks.add(headers, DedupHeaders.KEY_OMITTED, Integer.toString(length(key)));
        }
        return new ProducerRecord<>(
                letter.topic(),
                letter.partition(),
                letter.timestamp(),
                omitted.contains(Part.KEY) ? null : key,
                omitted.contains(Part.VALUE) ? null : value,
                headers);
    }

    private static int length(byte @Nullable [] bytes) {
        return bytes == null ? 0 : bytes.length;
    }
}
