// SPDX-License-Identifier: Apache-2.0
package io.dedup.store.redis;

import java.util.concurrent.Semaphore;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.UnifiedJedis;

/**
 * Lets as many calls to the pool of a client as it has connections, where that is known and calls wait for one without a limit.
 *
 * <p>The pool (commons-pool 2.12.1) lets threads spin that want a connection while others are being opened and no more may be. Virtual
 * threads that spin leave no carrier to those that open one, so that on one processor nothing would ever go on.
 *
 * <p>Thread-safe.
 */
final class JedisGate {
    private final @Nullable Semaphore places;

    private JedisGate(@Nullable Semaphore places) {
        this.places = places;
    }

    static JedisGate of(UnifiedJedis redis) {
        if (redis instanceof RedisClient client) {
            var pool = client.getPool();
            if (pool.getMaxTotal() > 0
                    && pool.getBlockWhenExhausted()
                    && pool.getMaxWaitDuration().isNegative()) {
                return new JedisGate(new Semaphore(pool.getMaxTotal()));
            }
        }
        return new JedisGate(null);
    }

    /** Does it in its turn, whether or not the thread is interrupted. */
    <T> T through(Supplier<T> work) {
        if (places == null) {
            return work.get();
        }
        places.acquireUninterruptibly();
        try {
            return work.get();
        } finally {
            places.release();
        }
    }
}
