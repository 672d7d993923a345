// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.errors;

import java.util.Map;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.common.errors.InvalidTimestampException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.streams.errors.ErrorHandlerContext;

/**
 * A record that Kafka has refused, which stops the application: it says which, and what to set. Kafka's own exception is suppressed in
 * it.
 *
 * <p>It has no stack trace: it says something about the record and nothing about the code.
 */
public final class UnwrittenRecordException extends KafkaException {
    private static final long serialVersionUID = 1L;

    private static final Map<Class<? extends Exception>, String> FIXES = Map.of(
            RecordTooLargeException.class,
            "Raise " + TopicConfig.MAX_MESSAGE_BYTES_CONFIG + " of the topic and "
                    + ProducerConfig.MAX_REQUEST_SIZE_CONFIG + " of the application, or make records smaller",
            InvalidTimestampException.class,
            "Raise " + TopicConfig.MESSAGE_TIMESTAMP_BEFORE_MAX_MS_CONFIG + " or "
                    + TopicConfig.MESSAGE_TIMESTAMP_AFTER_MAX_MS_CONFIG + " of the topic");
    /** As a compacted topic does with records without a key. */
    private static final String ANY_FIX =
            "See what the broker says, and whether " + TopicConfig.CLEANUP_POLICY_CONFIG + " of the topic is compact";

    private UnwrittenRecordException(String message) {
        super(message);
    }

    static UnwrittenRecordException of(
            ErrorHandlerContext context, ProducerRecord<byte[], byte[]> record, Exception exception) {
        byte[] key = record.key();
        byte[] value = record.value();
        String size = "key " + (key == null ? "none" : key.length + " bytes") + ", value "
                + (value == null ? "none" : value.length + " bytes") + ", timestamp " + record.timestamp();
        UnwrittenRecordException thrown = new UnwrittenRecordException("A record was refused by the topic "
                + record.topic() + " (" + size + "), written for the record at or before " + context.topic() + "-"
                + context.partition() + "@" + context.offset() + ": " + exception.getMessage() + " "
                + FIXES.getOrDefault(exception.getClass(), ANY_FIX)
                + ", and start the application again, which reads the settings of topics when it starts");
        thrown.addSuppressed(exception);
        return thrown;
    }

    @Override
    public synchronized Throwable fillInStackTrace() {
        return this;
    }
}
