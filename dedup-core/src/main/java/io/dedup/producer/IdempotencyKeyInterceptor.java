// SPDX-License-Identifier: Apache-2.0
package io.dedup.producer;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.dedup.IdempotencyKey;
import io.dedup.KeyResult;
import io.dedup.MissingKey;
import io.dedup.config.DedupConfig;
import io.dedup.internal.metrics.InterceptorCounts;
import io.dedup.key.IdempotencyKeys;
import io.dedup.key.KeyExtractor;
import io.dedup.key.PlainBytes;
import java.util.HexFormat;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerInterceptor;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gives an idempotency key to records that have none, by configuration alone:
 *
 * <pre>
 * interceptor.classes=io.dedup.producer.IdempotencyKeyInterceptor
 * dedup.producer.key=sha256:/orderId,/amount
 * </pre>
 *
 * <p>A record that has the header keeps it, also if its name differs in case. Without {@code dedup.producer.key} every call of {@code
 * send} gets a new key, which protects from nothing but copies made behind the producer. A key that is derived from the record
 * is the same when the application sends it again; one from a digest is put into the header as hexadecimal digits.
 *
 * <p>A record that no key can be derived from is sent without one, since Kafka also sends a record that an interceptor fails on; it is
 * counted as {@code unstamped-total}, logged the first time, and refused by the consumer or operator that deduplicates.
 *
 * <p>Its counts are in JMX, {@code kafka.producer:type=dedup-interceptor-metrics,client-id=…}; those of {@link
 * MonitoredIdempotencyKeyInterceptor} are among the producer's own metrics. Works with kafka-clients from 3.9 on.
 *
 * <p>Thread-safe.
 */
public sealed class IdempotencyKeyInterceptor implements ProducerInterceptor<Object, Object>
        permits MonitoredIdempotencyKeyInterceptor {
    private static final Logger LOGGER = LoggerFactory.getLogger(IdempotencyKeyInterceptor.class);
    private static final String DIGEST = "sha256:";

    private String header = "idempotency-key";
    private @Nullable KeyExtractor extractor;
    private volatile boolean told;
    private final InterceptorCounts counts = new InterceptorCounts();
    private final LongAdder stamped = counts.counter("stamped", "Records that were given an idempotency key");
    private final LongAdder unstamped =
            counts.counter("unstamped", "Records that no idempotency key could be derived from");

    /** For Kafka, which configures it. */
    public IdempotencyKeyInterceptor() {}

    /**
     * Takes {@code dedup.producer.key} and {@code dedup.producer.header}.
     *
     * @throws io.dedup.config.DedupConfigException if they, or other {@code dedup.*} keys, cannot be used
     */
    @Override
    public void configure(Map<String, ?> configs) {
        DedupConfig config = DedupConfig.ofInterceptor(configs);
        header = config.producerHeader();
        extractor = config.producerKey().orElse(null);
        if (countsInJmx()) {
            counts.publish("kafka.producer", String.valueOf(configs.get(ProducerConfig.CLIENT_ID_CONFIG)));
        }
    }

    /** Whether counts have to be published here; else the client does it. */
    boolean countsInJmx() {
        return true;
    }

    final InterceptorCounts counts() {
        return counts;
    }

    @Override
    public ProducerRecord<Object, Object> onSend(ProducerRecord<Object, Object> record) {
        if (hasHeader(record.headers())) {
            return record;
        }
        byte[] key = key(record);
        if (key == null) {
            unstamped.increment();
            return record;
        }
        stamped.increment();
        // The sender may send the same object again, whose headers Kafka has closed by then.
        Headers headers = new RecordHeaders(record.headers());
        headers.add(header, key);
        return new ProducerRecord<>(
                record.topic(), record.partition(), record.timestamp(), record.key(), record.value(), headers);
    }

    /**
     * Whether it has the header, or one whose name differs in case: a second key beside that one would be another for each attempt, and
     * ambiguous to a reader that ignores case.
     */
    private boolean hasHeader(Headers headers) {
        for (Header found : headers) {
            if (found.key().equalsIgnoreCase(header)) {
                return true;
            }
        }
        return false;
    }

    private byte @Nullable [] key(ProducerRecord<Object, Object> record) {
        if (extractor == null) {
            return IdempotencyKeys.random().getBytes(UTF_8);
        }
        String why;
        try {
            KeyResult result = extractor.extract(PlainBytes.view(record.headers(), record.key(), record.value()));
            if (result instanceof IdempotencyKey key) {
                return key.source().startsWith(DIGEST)
                        ? HexFormat.of().formatHex(key.value()).getBytes(UTF_8)
                        : key.value();
            }
            why = ((MissingKey) result).detail();
        } catch (PlainBytes.NotPlainException unreadable) {
            why = String.valueOf(unreadable.getMessage());
        }
        if (!told) {
            told = true;
            LOGGER.warn(
                    "A record for {} is sent without an idempotency key, and others may be: {}", record.topic(), why);
        }
        return null;
    }

    @Override
    public void onAcknowledgement(@Nullable RecordMetadata metadata, @Nullable Exception failure) {}

    @Override
    public void close() {
        counts.close();
    }
}
