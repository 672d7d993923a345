// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal;

import org.apache.kafka.common.header.Headers;
import org.apache.kafka.streams.processor.api.FixedKeyRecord;
import org.apache.kafka.streams.processor.api.Record;
import org.jspecify.annotations.Nullable;

/**
 * Access to the records of one API of Kafka Streams: the two record classes have no common type.
 *
 * @param <R> the kind of record that comes in
 * @param <O> the kind of record that goes out
 */
public interface Records<R, O> {
    /** Sends a record to one child, or to all of them if none is named. */
    void forward(O record, @Nullable String child);

    /** The headers of that record. */
    Headers headers(R record);

    /** The same record with other headers and another timestamp. */
    R rewrite(R record, Headers headers, long timestamp);

    /** Those of the Processor API. */
    @FunctionalInterface
    interface OfProcessor<K, V, O> extends Records<Record<K, V>, O> {
        @Override
        default Headers headers(Record<K, V> record) {
            return record.headers();
        }

        @Override
        default Record<K, V> rewrite(Record<K, V> record, Headers headers, long timestamp) {
            return record.withHeaders(headers).withTimestamp(timestamp);
        }
    }

    /** Those of the DSL, whose keys cannot be changed. */
    @FunctionalInterface
    interface OfFixedKey<K, V, O> extends Records<FixedKeyRecord<K, V>, O> {
        @Override
        default Headers headers(FixedKeyRecord<K, V> record) {
            return record.headers();
        }

        @Override
        default FixedKeyRecord<K, V> rewrite(FixedKeyRecord<K, V> record, Headers headers, long timestamp) {
            return record.withHeaders(headers).withTimestamp(timestamp);
        }
    }
}
