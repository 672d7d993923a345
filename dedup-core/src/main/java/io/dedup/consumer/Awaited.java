// SPDX-License-Identifier: Apache-2.0
package io.dedup.consumer;

import io.dedup.handler.Execution;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/** An operation on other threads, waited for on this one. An interrupt cancels it. */
record Awaited<K, V>(AsyncRecordOperation<K, V> operation) implements RecordOperation<K, V> {
    @Override
    public void run(ConsumerRecord<K, V> record, Execution<?> execution) throws Exception {
        CompletableFuture<?> end = operation.begin(record, execution).toCompletableFuture();
        try {
            end.get();
        } catch (InterruptedException interrupted) {
            end.cancel(true);
            throw interrupted;
        } catch (ExecutionException failed) {
            if (failed.getCause() instanceof Exception cause) {
                throw cause;
            } else if (failed.getCause() instanceof Error error) {
                throw error;
            }
            throw failed;
        }
    }
}
