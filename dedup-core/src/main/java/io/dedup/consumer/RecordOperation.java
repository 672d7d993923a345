// SPDX-License-Identifier: Apache-2.0
package io.dedup.consumer;

import io.dedup.handler.Execution;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * An operation on a record, run once for each idempotency key. Called by many threads at once.
 *
 * @param <K> the record's key
 * @param <V> the record's value
 */
@FunctionalInterface
public interface RecordOperation<K, V> {
    /**
     * Runs the operation.
     *
     * @param record as it was read; key and value are null where the record has none
     * @throws io.dedup.handler.OperationRejectedException if it is refused for good, without an effect: the record is done with
     * @throws Exception what is wrong; the record is tried again, and dead-lettered in the end
     */
    void run(ConsumerRecord<K, V> record, Execution<?> execution) throws Exception;
}
