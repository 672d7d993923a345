// SPDX-License-Identifier: Apache-2.0
package io.dedup.bench.mode;

import java.util.Optional;

/** A mode that runs. Thread-safe. */
public interface Running extends AutoCloseable {
    /** What has stopped it, if it has failed. */
    Optional<Throwable> failure();

    /** Whether it has its partition and its restored state. */
    boolean isReady();

    /** What it has read back of its memory so far. */
    Restored restored();

    /** Stops, with everything committed. */
    @Override
    void close();

    /**
     * What was read back from changelogs.
     *
     * @param records how many
     * @param seconds between beginning and end
     */
    record Restored(long records, double seconds) {
        /** Nothing. */
        public static final Restored NOTHING = new Restored(0, 0);
    }
}
