// SPDX-License-Identifier: Apache-2.0
package io.dedup.consumer;

import io.dedup.config.DedupConfig;
import io.dedup.store.IdempotencyStore;
import io.dedup.store.StoreProvider;
import java.util.HashMap;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.kafka.common.config.ConfigException;
import org.jspecify.annotations.Nullable;

/** Opens the store that is configured by its address. */
final class StoreUrl {
    /** The stores that are open, by where they are and who opened them: consumers of one process share one. */
    private static final Map<Access, Shared> SHARED = new HashMap<>();

    private StoreUrl() {}

    /** What a store is opened with. Another user or another password opens another store. */
    private record Access(
            String address, @Nullable String user, @Nullable String password) {
        static Access of(DedupConfig config) {
            String address = config.consumerStore()
                    .orElseThrow(
                            () -> new ConfigException("DedupConsumerInterceptor needs " + DedupConfig.CONSUMER_STORE
                                    + ", as in memory:100000, jdbc:postgresql://HOST/DATABASE or redis://HOST:PORT"));
            return new Access(
                    address,
                    config.consumerStoreUser().orElse(null),
                    config.consumerStorePassword().orElse(null));
        }

        /** Nothing that is secret. */
        @Override
        public String toString() {
            return DedupConfig.CONSUMER_STORE;
        }
    }

    /** A store with its users, who are counted under the lock of {@link #SHARED}. */
    private static final class Shared {
        private final Access access;
        private final IdempotencyStore store;
        private int users;

        Shared(Access access, IdempotencyStore store) {
            this.access = access;
            this.store = store;
        }

        /** The store for one user, who closes it for itself alone. */
        IdempotencyStore use() {
            AtomicBoolean open = new AtomicBoolean(true);
            return new ForwardingStore(store, () -> {
                if (open.compareAndSet(true, false)) {
                    leave();
                }
            });
        }

        private void leave() {
            synchronized (SHARED) {
                users--;
                if (users == 0) {
                    SHARED.remove(access);
                    store.close();
                }
            }
        }
    }

    /**
     * The store.
     *
     * @throws ConfigException if none is configured, a library is missing, or the store cannot be reached
     */
    static IdempotencyStore open(DedupConfig config) {
        Access access = Access.of(config);
        synchronized (SHARED) {
            Shared shared = SHARED.get(access);
            if (shared == null) {
                shared = new Shared(access, opened(access));
                SHARED.put(access, shared);
            }
            shared.users++;
            return shared.use();
        }
    }

    private static IdempotencyStore opened(Access access) {
        String address = access.address();
        try {
            for (StoreProvider provider : ServiceLoader.load(StoreProvider.class, StoreUrl.class.getClassLoader())) {
                if (provider.accepts(address)) {
                    return provider.open(address, access.user(), access.password());
                }
            }
        } catch (NoClassDefFoundError missing) {
            throw refused(
                    DedupConfig.CONSUMER_STORE + " needs a library that is not on the class path"
                            + " (redis.clients:jedis or io.lettuce:lettuce-core for redis): " + missing.getMessage(),
                    missing);
        } catch (IllegalArgumentException malformed) {
            // What it says holds the address, and that may hold a password.
            throw new ConfigException("The address in " + DedupConfig.CONSUMER_STORE
                    + " is malformed; escape characters that are special in URLs, as in a password");
        } catch (Exception unreachable) {
            Throwable hidden = RedactedException.of(unreachable, access.address(), access.password());
            throw refused(
                    "The store of " + DedupConfig.CONSUMER_STORE + " cannot be opened: " + hidden.getMessage(), hidden);
        }
        throw new ConfigException("The address in " + DedupConfig.CONSUMER_STORE
                + " is of no store that is on the class path: it begins with memory:, jdbc:, redis: or rediss:");
    }

    private static ConfigException refused(String message, Throwable cause) {
        ConfigException refused = new ConfigException(message);
        refused.initCause(cause);
        return refused;
    }
}
