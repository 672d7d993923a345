// SPDX-License-Identifier: Apache-2.0
package io.dedup.consumer;

import io.dedup.handler.Execution;
import java.util.concurrent.CompletionStage;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * An operation on a record, run once for each idempotency key, on threads of its own choice. Called by several threads at once.
 *
 * @param <K> the record's key
 * @param <V> the record's value
 */
@FunctionalInterface
public interface AsyncRecordOperation<K, V> {
    /**
     * Begins it, without waiting for its end. If the lease is lost meanwhile, or the operation takes too long, the future of the
     * stage is cancelled.
     *
     * @param record as it was read; key and value are null where the record has none
     * @return ends when it is done, with anything; or with what is wrong, as {@link RecordOperation#run} throws it
     * @throws Exception what is wrong, if it fails at once
     */
    CompletionStage<?> begin(ConsumerRecord<K, V> record, Execution<?> execution) throws Exception;
}
