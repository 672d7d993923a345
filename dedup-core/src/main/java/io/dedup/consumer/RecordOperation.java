// SPDX-License-Identifier: Apache-2.0
package io.dedup.consumer;

import io.dedup.handler.Execution;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;

/**
 * What is done with a record, once for each idempotency key. Called by many threads at once.
 *
 * @param <K> the record's key
 * @param <V> the record's value
 */
@FunctionalInterface
public interface RecordOperation<K, V> {
    /**
     * Does it.
     *
     * @param record as it was read; key and value are null where the record has none
     * @return what it came to, as it is kept beside the idempotency key; null if there is nothing to say
     * @throws Exception what is wrong; the record is tried again, and dead-lettered in the end
     */
    byte @Nullable [] run(ConsumerRecord<K, V> record, Execution execution) throws Exception;
}
