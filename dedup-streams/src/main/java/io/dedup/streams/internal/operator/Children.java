// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.operator;

import org.jspecify.annotations.Nullable;

/**
 * The children of a node that get what it forwards, and those that get what it routes as duplicates.
 *
 * @param forwarded the child that gets what is let through; null for every child
 * @param duplicates the child that gets the duplicates; null if they are not routed
 */
public record Children(@Nullable String forwarded, @Nullable String duplicates) {
    public static final Children ALL_CHILDREN = new Children(null, null);

    String duplicatesChild() {
        if (duplicates == null) {
            throw new IllegalStateException("Duplicates are routed, and no child is named for them");
        }
        return duplicates;
    }
}
