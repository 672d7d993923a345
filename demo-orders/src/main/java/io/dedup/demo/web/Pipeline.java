// SPDX-License-Identifier: Apache-2.0
package io.dedup.demo.web;

import io.dedup.IdempotencyKey;
import io.dedup.Mode;
import io.dedup.streams.KeyStatus;

/** What is asked of the pipeline behind the front end. Thread-safe. */
public interface Pipeline {
    /** Whether a restart would not help. */
    boolean isAlive();

    /** Whether it has its partitions, and everything that it remembers. */
    boolean isReady();

    /** Its metrics in Prometheus' text format. */
    String metrics();

    /** Whether duplicates are kept from the ledger, or only marked. */
    Mode mode();

    /** Lets it go on in that mode; returns when it runs again, with everything that it remembers, or does not within a minute. */
    void switchTo(Mode mode);

    /**
     * What is remembered of a key.
     *
     * @param topic of the operation
     */
    KeyStatus ask(String topic, IdempotencyKey key);
}
