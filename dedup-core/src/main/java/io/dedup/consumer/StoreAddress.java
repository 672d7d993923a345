// SPDX-License-Identifier: Apache-2.0
package io.dedup.consumer;

import io.dedup.config.DedupConfig;
import io.dedup.store.IdempotencyStore;
import io.dedup.store.jdbc.JdbcIdempotencyStore;
import io.dedup.store.memory.MemoryIdempotencyStore;
import io.dedup.store.redis.RedisIdempotencyStore;
import java.net.URI;
import org.apache.kafka.common.config.ConfigException;

/** Opens the store that is configured by its address. */
final class StoreAddress {
    private static final String MEMORY = "memory:";

    private StoreAddress() {}

    /**
     * The store.
     *
     * @throws ConfigException if none is configured, a library is missing, or the store cannot be reached
     */
    static IdempotencyStore open(DedupConfig config) {
        String address = config.consumerStore()
                .orElseThrow(() -> new ConfigException("DedupConsumerInterceptor needs " + DedupConfig.CONSUMER_STORE
                        + ", as in memory:100000, jdbc:postgresql://HOST/DATABASE or redis://HOST:PORT"));
        try {
            if (address.startsWith(MEMORY)) {
                return MemoryIdempotencyStore.holding(Integer.parseInt(address.substring(MEMORY.length())));
            } else if (address.startsWith("jdbc:")) {
                return JdbcIdempotencyStore.connectingTo(
                                address,
                                config.consumerStoreUser().orElse(null),
                                config.consumerStorePassword().orElse(null))
                        .open();
            }
            return RedisIdempotencyStore.connectingTo(URI.create(address)).open();
        } catch (NoClassDefFoundError missing) {
            throw refused(
                    DedupConfig.CONSUMER_STORE + " needs a library that is not on the class path"
                            + " (com.zaxxer:HikariCP and a driver for jdbc, redis.clients:jedis for redis): "
                            + missing.getMessage(),
                    missing);
        } catch (Exception unreachable) {
            throw refused(
                    "The store of " + DedupConfig.CONSUMER_STORE + " cannot be opened: " + unreachable.getMessage(),
                    unreachable);
        }
    }

    private static ConfigException refused(String message, Throwable cause) {
        ConfigException refused = new ConfigException(message);
        refused.initCause(cause);
        return refused;
    }
}
