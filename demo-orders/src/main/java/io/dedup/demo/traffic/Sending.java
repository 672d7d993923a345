// SPDX-License-Identifier: Apache-2.0
package io.dedup.demo.traffic;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.dedup.IdempotencyKey;
import io.dedup.key.RecordView;
import java.util.List;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.utils.Utils;
import org.jspecify.annotations.Nullable;

/**
 * One record that a producer sends.
 *
 * @param topic one of {@link Topics#INPUTS}
 * @param key the record's key; null for none
 * @param partitionedBy what decides the partition
 * @param timestamp event time in milliseconds since the epoch
 * @param headers in order; names may repeat
 * @param operation what it asks for
 * @param value the operation as JSON
 */
public record Sending(
        String topic,
        @Nullable String key,
        String partitionedBy,
        long timestamp,
        List<Header> headers,
        Operation operation,
        String value) {
    /** The header that names the operation. */
    public static final String IDEMPOTENCY_KEY = "idempotency-key";

    /** A header of a record, as text. */
    public record Header(String name, String value) {}

    /** The idempotency key, if there is a usable one; else null. */
    public @Nullable String idempotencyKey() {
        return idempotencyKey(headers);
    }

    /** As the pipeline reads it. */
    static @Nullable String idempotencyKey(List<Header> headers) {
        RecordHeaders sent = new RecordHeaders();
        headers.forEach(header -> sent.add(header.name(), header.value().getBytes(UTF_8)));
        return OperationKey.extractor().extract(RecordView.of(sent, null, null)) instanceof IdempotencyKey key
                ? new String(key.value(), UTF_8)
                : null;
    }

    /**
     * The partition it is sent to, as Kafka's producers do it: by the record's key.
     *
     * @param partitions how many there are
     */
    public int partition(int partitions) {
        return Utils.toPositive(Utils.murmur2(partitionedBy.getBytes(UTF_8))) % partitions;
    }

    /**
     * The partition in which it is judged, once it has met those of its idempotency key.
     *
     * @param partitions how many there are
     */
    int judgedIn(int partitions) {
        String idempotencyKey = idempotencyKey();
        String decides = idempotencyKey != null ? idempotencyKey : key == null ? "" : key;
        return Utils.toPositive(Utils.murmur2(decides.getBytes(UTF_8))) % partitions;
    }

    /** The record as it is handed to Kafka's producer. */
    public ProducerRecord<byte[], byte[]> toRecord(int partitions) {
        RecordHeaders recordHeaders = new RecordHeaders();
        headers.forEach(
                header -> recordHeaders.add(header.name(), header.value().getBytes(UTF_8)));
        byte[] keyBytes = key == null ? null : key.getBytes(UTF_8);
        return new ProducerRecord<>(
                topic, partition(partitions), timestamp, keyBytes, value.getBytes(UTF_8), recordHeaders);
    }
}
