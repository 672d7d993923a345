// SPDX-License-Identifier: Apache-2.0
package io.dedup.bench.mode;

import java.sql.SQLException;

/** What decides, in a plain consumer, whether a record is the first with its key. Confined to one thread. */
interface KeyFilter extends AutoCloseable {
    /**
     * Remembers that key.
     *
     * @return whether it was not remembered before
     * @throws Exception if it cannot be said
     */
    boolean isFirst(String key) throws Exception;

    /**
     * Makes what was remembered last, before its offsets are committed.
     *
     * @throws Exception if it cannot
     */
    void commit() throws Exception;

    @Override
    void close() throws SQLException;

    /** Opens a filter. */
    @FunctionalInterface
    interface Opener {
        /**
         * Opens it, with an empty store.
         *
         * @throws Exception if it cannot
         */
        KeyFilter open(Task task) throws Exception;
    }
}
