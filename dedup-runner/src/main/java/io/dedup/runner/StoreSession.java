// SPDX-License-Identifier: Apache-2.0
package io.dedup.runner;

import io.dedup.store.IdempotencyStore;
import io.dedup.store.ScopedKey;
import io.dedup.store.admin.OperationAdmin;
import io.dedup.store.admin.OperationPage;
import io.dedup.store.admin.OperationQuery;
import io.dedup.store.admin.StoredOperation;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * A store that is open for one command.
 *
 * @param shown its address, without secrets
 */
record StoreSession(String shown, IdempotencyStore store, OperationAdmin operations) implements AutoCloseable {
    /**
     * Operations of a query, over all of its pages.
     *
     * @param atMost how many; more are not looked for
     */
    List<StoredOperation> list(OperationQuery query, Predicate<StoredOperation> wanted, int atMost) {
        Map<ScopedKey, StoredOperation> found = new LinkedHashMap<>();
        Optional<String> next = Optional.empty();
        do {
            OperationPage page = page(next.map(query::after).orElse(query));
            page.operations().stream().filter(wanted).forEach(each -> found.put(each.key(), each));
            next = page.next();
        } while (next.isPresent() && found.size() < atMost);
        List<StoredOperation> operations = new ArrayList<>(found.values());
        return operations.size() > atMost ? operations.subList(0, atMost) : operations;
    }

    /** One operation, with its outcome. */
    Optional<StoredOperation> find(ScopedKey key) {
        try {
            return operations.find(key);
        } catch (IllegalStateException unreachable) {
            throw new CommandFailedException(ExitCode.UNREACHABLE, String.valueOf(unreachable.getMessage()));
        }
    }

    private OperationPage page(OperationQuery query) {
        try {
            return operations.list(query);
        } catch (IllegalStateException unreachable) {
            throw new CommandFailedException(ExitCode.UNREACHABLE, String.valueOf(unreachable.getMessage()));
        }
    }

    @Override
    public void close() {
        store.close();
    }
}
