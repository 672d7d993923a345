// SPDX-License-Identifier: Apache-2.0
/**
 * A store in Redis, reached by way of Jedis, Lettuce or another client.
 *
 * <p>Start at {@link io.dedup.store.redis.RedisIdempotencyStore#on}.
 */
@NullMarked
package io.dedup.store.redis;

import org.jspecify.annotations.NullMarked;
