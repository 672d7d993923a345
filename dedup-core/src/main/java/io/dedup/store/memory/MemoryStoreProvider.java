// SPDX-License-Identifier: Apache-2.0
package io.dedup.store.memory;

import io.dedup.store.IdempotencyStore;
import io.dedup.store.StoreProvider;
import org.jspecify.annotations.Nullable;

/** Opens stores on the heap by {@code memory:} and how many keys they hold at most: {@code memory:100000}. Thread-safe. */
public final class MemoryStoreProvider implements StoreProvider {
    private static final String SCHEME = "memory:";

    /** For {@link java.util.ServiceLoader}. */
    public MemoryStoreProvider() {}

    @Override
    public boolean accepts(String address) {
        return address.startsWith(SCHEME);
    }

    @Override
    public IdempotencyStore open(String address, @Nullable String user, @Nullable String password) {
        return MemoryIdempotencyStore.holding(Integer.parseInt(address.substring(SCHEME.length())));
    }
}
