// SPDX-License-Identifier: Apache-2.0
package io.dedup.bench.mode;

import java.net.URI;
import java.util.Objects;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.UnifiedJedis;
import redis.clients.jedis.params.SetParams;

/**
 * A key in Redis for each idempotency key, set unless it is there: one round trip for each record.
 *
 * <p>A record whose key was set and whose offset was not committed is taken for its own duplicate when it is read again.
 */
record RedisFilter(UnifiedJedis redis, SetParams unlessThere) implements KeyFilter {
    static KeyFilter open(Task task) {
        String address = Objects.requireNonNull(task.redis(), "no Redis");
        SetParams unlessThere = SetParams.setParams().nx().px(task.ttlMs());
        return new RedisFilter(RedisClient.create(URI.create(address)), unlessThere);
    }

    @Override
    public boolean isFirst(String key) {
        return redis.set(key, "1", unlessThere) != null;
    }

    @Override
    public void commit() {}

    @Override
    public void close() {
        redis.close();
    }
}
