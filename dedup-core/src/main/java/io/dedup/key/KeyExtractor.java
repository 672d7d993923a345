// SPDX-License-Identifier: Apache-2.0
package io.dedup.key;

import io.dedup.KeyResult;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * Reads the idempotency key of a record.
 *
 * <p>The law: the same record always gives the same result, and a record without a key gives a {@link
 * io.dedup.MissingKey}, never a key that others share. An extractor does not throw for anything a record may contain.
 *
 * <p>Thread-safe. {@link KeyExtractors} has the usual kinds; a lambda makes another.
 */
@FunctionalInterface
public interface KeyExtractor {
    /** The key of that record, or why it has none. */
    KeyResult extract(RecordView record);

    /**
     * The key of a record as a consumer gives it, or why it has none. Headers are always read; the record's own key and value
     * where they are bytes or text.
     *
     * @throws PlainBytes.NotPlainException if the key is to be read from another object, whose bytes only its serializer knows
     */
    default KeyResult extract(ConsumerRecord<?, ?> record) {
        return extract(RecordView.of(record));
    }
}
