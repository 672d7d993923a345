// SPDX-License-Identifier: Apache-2.0
package io.dedup;

/**
 * The TTL that one record asks for.
 *
 * @param millis in milliseconds; at least 1
 */
public record RecordTtl(long millis) implements TtlResult {
    public RecordTtl {
        if (millis < 1) {
            throw new IllegalArgumentException("millis must be at least 1: " + millis);
        }
    }
}
