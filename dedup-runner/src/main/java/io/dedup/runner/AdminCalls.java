// SPDX-License-Identifier: Apache-2.0
package io.dedup.runner;

import java.util.concurrent.ExecutionException;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.errors.InterruptException;

/** Waits for what a cluster answers. Thread-safe. */
final class AdminCalls {
    private AdminCalls() {}

    /** The answer; throws what the cluster has answered instead. */
    static <T> T of(KafkaFuture<T> future) {
        try {
            return future.get();
        } catch (InterruptedException interrupted) {
            throw new InterruptException(interrupted);
        } catch (ExecutionException failed) {
            throw failed.getCause() instanceof RuntimeException cause ? cause : new IllegalStateException(failed);
        }
    }
}
