// SPDX-License-Identifier: Apache-2.0
package io.dedup.store.admin;

import java.util.List;
import java.util.Optional;

/**
 * Part of a list of operations.
 *
 * @param operations may be none although others follow: a store examines a bounded number of keys for a page
 * @param next where the next page begins, for {@link OperationQuery#after}; empty if this is the last one
 */
public record OperationPage(List<StoredOperation> operations, Optional<String> next) {
    /** A page. */
    public OperationPage {
        operations = List.copyOf(operations);
    }
}
