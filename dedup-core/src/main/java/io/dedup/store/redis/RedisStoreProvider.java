// SPDX-License-Identifier: Apache-2.0
package io.dedup.store.redis;

import io.dedup.store.IdempotencyStore;
import io.dedup.store.StoreProvider;
import java.net.URI;
import org.jspecify.annotations.Nullable;

/** Opens stores in Redis by addresses that begin with {@code redis:} or {@code rediss:}, which say the user too. Thread-safe. */
public final class RedisStoreProvider implements StoreProvider {
    /** For {@link java.util.ServiceLoader}. */
    public RedisStoreProvider() {}

    @Override
    public boolean accepts(String address) {
        return address.startsWith("redis:") || address.startsWith("rediss:");
    }

    @Override
    public IdempotencyStore open(String address, @Nullable String user, @Nullable String password) {
        return RedisIdempotencyStore.connectingTo(URI.create(address)).open();
    }
}
