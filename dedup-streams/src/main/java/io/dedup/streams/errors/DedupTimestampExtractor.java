// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.errors;

import java.nio.charset.StandardCharsets;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.streams.processor.TimestampExtractor;
import org.jspecify.annotations.Nullable;

/**
 * Takes the time that a record has in Kafka, and lets one with a negative time reach the operator, whose verdict is {@link
 * io.dedup.Verdict#INVALID_TIMESTAMP}. Kafka's own extractors stop the application there, or drop the record with a line in the log.
 *
 * <pre>
 * default.timestamp.extractor=io.dedup.streams.errors.DedupTimestampExtractor
 * </pre>
 *
 * <p>Such a record has the time of its partition until the operator decides on it, and its own in the header {@value #INVALID}.
 *
 * <p>Stateless and thread-safe.
 */
public final class DedupTimestampExtractor implements TimestampExtractor {
    /** The header with a record's own time, if that is negative: decimal text. */
    public static final String INVALID = "__dedup.invalid.timestamp";

    private static final int MAX_DIGITS = 20;

    @Override
    public long extract(ConsumerRecord<Object, Object> record, long partitionTime) {
        if (record.timestamp() >= 0) {
            return record.timestamp();
        }
        record.headers()
                .remove(INVALID)
                .add(INVALID, Long.toString(record.timestamp()).getBytes(StandardCharsets.UTF_8));
        return Math.max(0, partitionTime);
    }

    /** The time of that record which this has kept from Kafka Streams; null if its time is not negative. */
    public static @Nullable Long invalid(Headers headers) {
        Header header = headers.lastHeader(INVALID);
        if (header == null || header.value() == null || header.value().length > MAX_DIGITS) {
            return null;
        }
        try {
            long time = Long.parseLong(new String(header.value(), StandardCharsets.UTF_8));
            return time < 0 ? time : null;
        } catch (NumberFormatException ofAnother) {
            return null;
        }
    }
}
