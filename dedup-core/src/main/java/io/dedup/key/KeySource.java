// SPDX-License-Identifier: Apache-2.0
package io.dedup.key;

import io.dedup.KeyResult;
import java.util.Iterator;

/** A key source of configuration, which also makes the key of what an operator types. Immutable. */
interface KeySource extends KeyExtractor {
    /** The name in {@link io.dedup.IdempotencyKey#source()}. */
    String source();

    /** The name with the normalisers, in one spelling for all that make the same keys. */
    default String definition() {
        return source();
    }

    /** Of how many texts a key is made, at least 1. */
    default int texts() {
        return 1;
    }

    /** Of how many parts a key is joined; 1 if it is not joined. */
    default int parts() {
        return 1;
    }

    /**
     * The key of these texts, normalised and held against the rules as those of records are.
     *
     * @param texts at least as many as {@link #texts()}, which are taken from it
     */
    KeyResult keyOf(Iterator<byte[]> texts);
}
