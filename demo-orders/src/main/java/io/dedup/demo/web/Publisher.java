// SPDX-License-Identifier: Apache-2.0
package io.dedup.demo.web;

import io.dedup.demo.traffic.Operation;
import java.time.Instant;

/** Hands operations over to the pipeline. Thread-safe. */
@FunctionalInterface
interface Publisher {
    /**
     * Returns when the brokers have the record.
     *
     * @param idempotencyKey what the record carries in its header
     * @param at the record's time, which is that of the operation: the same for every attempt at it
     * @throws UnpublishedException if they may not have it
     */
    void publish(String idempotencyKey, Operation operation, Instant at) throws UnpublishedException;
}
