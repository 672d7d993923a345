// SPDX-License-Identifier: Apache-2.0
package io.dedup.store.redis;

import java.net.URI;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import redis.clients.jedis.AbstractPipeline;
import redis.clients.jedis.MultiNodePipelineBase;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.Response;
import redis.clients.jedis.UnifiedJedis;
import redis.clients.jedis.exceptions.JedisConnectionException;
import redis.clients.jedis.exceptions.JedisDataException;
import redis.clients.jedis.exceptions.JedisException;
import redis.clients.jedis.exceptions.JedisRedirectionException;
import redis.clients.jedis.util.JedisClusterCRC16;

/**
 * Redis by way of Jedis, one server or a cluster.
 *
 * <p>Calls wait for their answers as long as the client's socket timeout is, in a pipeline for each of them.
 */
public final class JedisDriver implements RedisDriver {
    private final UnifiedJedis redis;
    private final boolean owned;

    private JedisDriver(UnifiedJedis redis, boolean owned) {
        this.redis = redis;
        this.owned = owned;
    }

    /** The servers of that client, which has to be one with a pool of connections, as {@link RedisClient} is. */
    public static JedisDriver of(UnifiedJedis redis) {
        return new JedisDriver(redis, false);
    }

    /** The server at that address, with a client of its own. */
    static JedisDriver connectingTo(URI address) {
        return new JedisDriver(RedisClient.create(address), true);
    }

    @Override
    public List<ScriptReply> run(List<ScriptCall> calls, Replicas replicas) {
        if (calls.size() == 1 && !replicas.areAwaited()) {
            return List.of(alone(calls.get(0)));
        }
        List<ScriptReply> replies = pipelined(calls, replicas);
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
        return replicas.areAwaited() ? pipelined(List.of(call), replicas).get(0) : reply;
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

    private List<ScriptReply> pipelined(List<ScriptCall> calls, Replicas replicas) {
        List<Response<Object>> answers = new ArrayList<>();
        List<Response<Long>> confirmations = new ArrayList<>();
        RuntimeException broken = null;
        try (AbstractPipeline pipeline = redis.pipelined()) {
            calls.forEach(call -> answers.add(append(call, pipeline)));
            if (replicas.areAwaited()) {
                confirmations.addAll(await(replicas, calls, pipeline));
            }
            pipeline.sync();
        } catch (RuntimeException unanswered) {
            // Not a JedisException alone: the pipeline of a cluster fails otherwise when several servers are gone at
            // once.
            broken = unanswered;
        }
        List<ScriptReply> replies = new ArrayList<>();
        for (int i = 0; i < calls.size(); i++) {
            ScriptReply reply = reply(i, answers, broken);
            replies.add(replicas.areAwaited() ? confirmed(i, reply, confirmations, replicas, broken) : reply);
        }
        return replies;
    }

    private static Response<Object> append(ScriptCall call, AbstractPipeline pipeline) {
        List<byte[]> keys = List.of(call.key());
        return call.isWhole()
                ? pipeline.eval(call.script(), keys, call.arguments())
                : pipeline.evalsha(call.script(), keys, call.arguments());
    }

    /**
     * What replicas have confirmed is counted by connection, so the calls and the wait for them go through the same one.
     *
     * <p>In a cluster only the client knows which slots share a connection. Each slot is waited for with its share of the time,
     * and all are asked after that: the waits of one connection add up to no more than was allowed.
     *
     * @return how many have confirmed each of the calls
     */
    private static List<Response<Long>> await(Replicas replicas, List<ScriptCall> calls, AbstractPipeline pipeline) {
        long millis = replicas.atMost().toMillis();
        if (!(pipeline instanceof MultiNodePipelineBase)) {
            byte[] any = calls.get(0).key();
            return Collections.nCopies(calls.size(), pipeline.waitReplicas(any, replicas.atLeast(), millis));
        }
        Map<Integer, byte[]> slots = new LinkedHashMap<>();
        calls.forEach(call -> slots.putIfAbsent(JedisClusterCRC16.getSlot(call.key()), call.key()));
        long share = Math.max(1, millis / slots.size());
        slots.values().forEach(key -> pipeline.waitReplicas(key, replicas.atLeast(), share));
        Map<Integer, Response<Long>> confirmations = new LinkedHashMap<>();
        slots.forEach((slot, key) -> confirmations.put(slot, pipeline.waitReplicas(key, replicas.atLeast(), 1)));
        List<Response<Long>> ofCalls = new ArrayList<>();
        calls.forEach(call -> ofCalls.add(confirmations.get(JedisClusterCRC16.getSlot(call.key()))));
        return ofCalls;
    }

    private static ScriptReply reply(int call, List<Response<Object>> answers, @Nullable RuntimeException broken) {
        if (call >= answers.size()) {
            return unanswered(broken);
        }
        try {
            return answered(answers.get(call).get());
        } catch (JedisDataException refused) {
            return refused(refused);
        } catch (IllegalStateException unread) {
            return unanswered(broken);
        }
    }

    private static ScriptReply confirmed(
            int call,
            ScriptReply reply,
            List<Response<Long>> confirmations,
            Replicas replicas,
            @Nullable RuntimeException broken) {
        if (!(reply instanceof ScriptReply.Answered)) {
            return reply;
        } else if (call >= confirmations.size()) {
            return unanswered(broken);
        }
        try {
            return replicas.confirm(reply, confirmations.get(call).get());
        } catch (JedisDataException refused) {
            return new ScriptReply.Unanswered(refused);
        } catch (IllegalStateException unread) {
            return unanswered(broken);
        }
    }

    @SuppressWarnings("unchecked") // Scripts answer with lists of strings only.
    private static ScriptReply answered(Object reply) {
        return new ScriptReply.Answered((List<byte[]>) reply);
    }

    private static ScriptReply refused(JedisDataException error) {
        return new ScriptReply.Refused(String.valueOf(error.getMessage()), error);
    }

    /** The pipeline of a cluster logs why a server did not answer, and does not say it. */
    private static ScriptReply unanswered(@Nullable RuntimeException broken) {
        return new ScriptReply.Unanswered(
                broken == null ? new JedisConnectionException("A server has not answered the pipeline") : broken);
    }

    @Override
    public void close() {
        if (owned) {
            redis.close();
        }
    }
}
