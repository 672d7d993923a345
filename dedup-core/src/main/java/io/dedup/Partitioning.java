// SPDX-License-Identifier: Apache-2.0
package io.dedup;

import java.util.Locale;

/** Which component brings equal idempotency keys together on one partition. */
public enum Partitioning {
    /** The producer does: equal idempotency keys already arrive on the same partition. */
    AS_IS,

    /** The operator does: it repartitions by idempotency key before it decides. */
    BY_KEY;

    /** The name as it is written in configuration: lower case with hyphens, {@code by-key}. */
    public String text() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
