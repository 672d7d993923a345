// SPDX-License-Identifier: Apache-2.0
package io.dedup.store.memory;

import io.dedup.store.ScopedKey;
import io.dedup.store.admin.OperationAdmin;
import io.dedup.store.admin.OperationCounts;
import io.dedup.store.admin.OperationPage;
import io.dedup.store.admin.OperationQuery;
import io.dedup.store.admin.Repair;
import io.dedup.store.admin.RepairResult;
import io.dedup.store.admin.StoredOperation;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/** The operations of a store in memory, ordered by their keys' bytes. Copies what is there for each page. Thread-safe. */
final class MemoryOperationAdmin implements OperationAdmin {
    private static final HexFormat HEX = HexFormat.of();

    private final MemoryIdempotencyStore store;

    MemoryOperationAdmin(MemoryIdempotencyStore store) {
        this.store = store;
    }

    /**
     * An operation with its place.
     *
     * @param id the bytes of its key, in hexadecimal
     */
    private record Sorted(String id, StoredOperation operation) {
        static Sorted of(StoredOperation operation) {
            return new Sorted(HEX.formatHex(operation.key().bytes()), operation);
        }
    }

    @Override
    public OperationPage list(OperationQuery query) {
        String after = query.cursor().map(MemoryOperationAdmin::position).orElse("");
        List<Sorted> found = store.snapshot().stream()
                .filter(query::matches)
                .map(Sorted::of)
                .filter(each -> each.id().compareTo(after) > 0)
                .sorted(Comparator.comparing(Sorted::id))
                .limit(query.limit() + 1L)
                .toList();
        boolean last = found.size() <= query.limit();
        List<Sorted> page = last ? found : found.subList(0, query.limit());
        return new OperationPage(
                page.stream().map(Sorted::operation).toList(),
                last ? Optional.empty() : Optional.of(page.get(page.size() - 1).id()));
    }

    private static String position(String cursor) {
        if (!cursor.chars().allMatch(HexFormat::isHexDigit)) {
            throw new IllegalArgumentException("cursor must be one that a page has named: " + cursor);
        }
        return cursor;
    }

    @Override
    public Optional<StoredOperation> find(ScopedKey key) {
        return store.find(key);
    }

    @Override
    public OperationCounts count() {
        return OperationCounts.ofOperations(store.snapshot());
    }

    @Override
    public RepairResult repair(StoredOperation seen, Repair repair) {
        return store.repair(seen, repair);
    }
}
