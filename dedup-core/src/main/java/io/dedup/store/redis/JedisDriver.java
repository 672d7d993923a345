// SPDX-License-Identifier: Apache-2.0
package io.dedup.store.redis;

import java.net.URI;
import java.util.List;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.UnifiedJedis;
import redis.clients.jedis.exceptions.JedisDataException;
import redis.clients.jedis.exceptions.JedisException;
import redis.clients.jedis.exceptions.JedisRedirectionException;

/**
 * Redis by way of Jedis, one server or a cluster.
 *
 * <p>Calls wait for their answers as long as the client's socket timeout is. Those of a batch that wait for replicas in a
 * cluster take two round trips to each server: Jedis keeps to itself which of them has a key.
 */
public final class JedisDriver implements RedisDriver {
    private final UnifiedJedis redis;
    private final boolean owned;
    private final JedisGate gate;

    private JedisDriver(UnifiedJedis redis, boolean owned) {
        this.redis = redis;
        this.owned = owned;
        this.gate = JedisGate.of(redis);
    }

    /** The servers of that client, which has to have a pool of connections, as {@link RedisClient} does. */
    public static JedisDriver of(UnifiedJedis redis) {
        return new JedisDriver(redis, false);
    }

    /** The server at that address, with a client of its own. */
    static JedisDriver connectingTo(URI address) {
        return new JedisDriver(RedisClient.create(address), true);
    }

    @Override
    public List<ScriptReply> run(List<ScriptCall> calls, Replicas replicas) {
        return gate.through(() -> runWithin(calls, replicas));
    }

    private List<ScriptReply> runWithin(List<ScriptCall> calls, Replicas replicas) {
        if (calls.size() == 1 && !replicas.areAwaited()) {
            return List.of(alone(calls.get(0)));
        }
        List<ScriptReply> replies = new JedisPipeline(calls, replicas).run(redis);
        for (int i = 0; i < replies.size(); i++) {
            if (replies.get(i) instanceof ScriptReply.Refused refused
                    && refused.cause() instanceof JedisRedirectionException) {
                replies.set(i, followed(calls.get(i), replicas));
            }
        }
        return replies;
    }

    /** A pipeline does not follow a key to the server that it has moved to. A call does, and then the client knows the way. */
    private ScriptReply followed(ScriptCall call, Replicas replicas) {
        ScriptReply reply = alone(call);
        return replicas.areAwaited()
                ? new JedisPipeline(List.of(call), replicas).run(redis).get(0)
                : reply;
    }

    private ScriptReply alone(ScriptCall call) {
        List<byte[]> keys = List.of(call.key());
        try {
            return answered(
                    call.isWhole()
                            ? redis.eval(call.script(), keys, call.arguments())
                            : redis.evalsha(call.script(), keys, call.arguments()));
        } catch (JedisDataException refused) {
            return refused(refused);
        } catch (JedisException unanswered) {
            return new ScriptReply.Unanswered(unanswered);
        }
    }

    @SuppressWarnings("unchecked") // Scripts answer with lists of strings only.
    static ScriptReply answered(Object reply) {
        return new ScriptReply.Answered((List<byte[]>) reply);
    }

    static ScriptReply refused(JedisDataException error) {
        return new ScriptReply.Refused(String.valueOf(error.getMessage()), error);
    }

    @Override
    public void close() {
        if (owned) {
            redis.close();
        }
    }
}
