// SPDX-License-Identifier: Apache-2.0
package io.dedup.demo.traffic;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.dedup.IdempotencyKey;
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
    /** A header of a record, as text. */
    public record Header(String name, String value) {}

    /** The idempotency key, however it is spelled; null if there is none that can be used. */
    public @Nullable IdempotencyKey idempotencyKey() {
        return idempotencyKey(headers);
    }

    static @Nullable IdempotencyKey idempotencyKey(List<Header> headers) {
        return OperationKey.of(recordHeaders(headers)) instanceof IdempotencyKey key ? key : null;
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
     * The partition in which it is decided on, once it has met those of its idempotency key.
     *
     * @param partitions how many there are
     */
    int judgedIn(int partitions) {
        IdempotencyKey idempotencyKey = idempotencyKey();
        byte[] recordKey = key == null ? new byte[0] : key.getBytes(UTF_8);
        return Utils.toPositive(Utils.murmur2(idempotencyKey == null ? recordKey : idempotencyKey.value()))
                % partitions;
    }

    /** The record as it is handed to Kafka's producer. */
    public ProducerRecord<byte[], byte[]> toRecord(int partitions) {
        byte[] keyBytes = key == null ? null : key.getBytes(UTF_8);
        return new ProducerRecord<>(
                topic, partition(partitions), timestamp, keyBytes, value.getBytes(UTF_8), recordHeaders(headers));
    }

    private static RecordHeaders recordHeaders(List<Header> headers) {
        RecordHeaders recordHeaders = new RecordHeaders();
        headers.forEach(
                header -> recordHeaders.add(header.name(), header.value().getBytes(UTF_8)));
        return recordHeaders;
    }
}
