// SPDX-License-Identifier: Apache-2.0
package io.dedup.store.jdbc;

import io.dedup.store.IdempotencyStore;
import io.dedup.store.StoreProvider;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/** Opens stores in databases by addresses that begin with {@code jdbc:}. Thread-safe. */
public final class JdbcStoreProvider implements StoreProvider {
    /** For {@link java.util.ServiceLoader}. */
    public JdbcStoreProvider() {}

    @Override
    public boolean accepts(String address) {
        return address.startsWith("jdbc:");
    }

    @Override
    public IdempotencyStore open(String address, @Nullable String user, @Nullable String password) throws SQLException {
        return JdbcIdempotencyStore.connectingTo(address, user, password).open();
    }
}
