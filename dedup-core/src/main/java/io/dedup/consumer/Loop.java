// SPDX-License-Identifier: Apache-2.0
package io.dedup.consumer;

import java.util.Optional;

/** What the thread of a consumer does until it is stopped or fails. */
interface Loop extends Runnable {
    /** Begins no more records, waits for those that are being worked on, gives up the rest, and ends. Any thread. */
    void stop();

    /** Why it has ended; none if it was stopped. Any thread. */
    Optional<Throwable> failure();
}
