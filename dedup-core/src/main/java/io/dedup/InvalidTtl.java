// SPDX-License-Identifier: Apache-2.0
package io.dedup;

import java.util.Locale;

/**
 * The finding that a record asks for a TTL that it cannot have.
 *
 * @param reason what kind of fault it is
 * @param detail one sentence for a person, without any of the payload
 */
public record InvalidTtl(Reason reason, String detail) implements TtlResult {

    /** Why the TTL cannot be had. */
    public enum Reason {
        /** It is not a whole number. */
        NOT_A_NUMBER,
        /** It is zero or negative. */
        NOT_POSITIVE,
        /** It is longer than keys are remembered at all. */
        TOO_LONG,
        /** There are several and they differ. */
        AMBIGUOUS;

        /** The name as it is written in headers: lower case with hyphens, {@code too-long}. */
        public String text() {
            return name().toLowerCase(Locale.ROOT).replace('_', '-');
        }
    }
}
