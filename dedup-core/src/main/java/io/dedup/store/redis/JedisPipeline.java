// SPDX-License-Identifier: Apache-2.0
package io.dedup.store.redis;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import redis.clients.jedis.AbstractPipeline;
import redis.clients.jedis.BuilderFactory;
import redis.clients.jedis.ClusterCommandArguments;
import redis.clients.jedis.CommandObject;
import redis.clients.jedis.MultiNodePipelineBase;
import redis.clients.jedis.Protocol;
import redis.clients.jedis.Response;
import redis.clients.jedis.UnifiedJedis;
import redis.clients.jedis.exceptions.JedisConnectionException;
import redis.clients.jedis.exceptions.JedisDataException;
import redis.clients.jedis.util.JedisClusterCRC16;

/** Calls in one pipeline, which in a cluster is one to each server. Confined to one thread. */
final class JedisPipeline {
    private final List<ScriptCall> calls;
    private final Replicas replicas;
    private final List<Response<Object>> answers = new ArrayList<>();
    private final List<@Nullable Response<Long>> confirmations = new ArrayList<>();
    private @Nullable RuntimeException broken;

    JedisPipeline(List<ScriptCall> calls, Replicas replicas) {
        this.calls = calls;
        this.replicas = replicas;
    }

    /** The replies to the calls, in their order. */
    List<ScriptReply> run(UnifiedJedis redis) {
        try (AbstractPipeline pipeline = redis.pipelined()) {
            calls.forEach(call -> answers.add(append(call, pipeline)));
            if (replicas.areAwaited()) {
                confirmations.addAll(awaitReplicas(pipeline));
            }
            pipeline.sync();
        } catch (RuntimeException unanswered) {
            // Not a JedisException alone: the pipeline of a cluster fails otherwise when several servers are gone at
            // once.
            broken = unanswered;
        }
        List<ScriptReply> replies = new ArrayList<>();
        for (int i = 0; i < calls.size(); i++) {
            ScriptReply reply = i < answers.size() ? reply(answers.get(i)) : unanswered();
            boolean counts = replicas.areAwaited() && reply instanceof ScriptReply.Answered;
            replies.add(counts ? confirmed(reply, i < confirmations.size() ? confirmations.get(i) : null) : reply);
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
     * What replicas have confirmed is counted by connection, so the calls and the wait for them go through the same one. Where
     * there are several, only the client knows which slots share one: each is asked for the server that it leads to, and one
     * wait for each server follows.
     *
     * @return how many have confirmed each of the calls; null where the server has not answered
     */
    private List<@Nullable Response<Long>> awaitReplicas(AbstractPipeline pipeline) {
        boolean hasOneServer = !(pipeline instanceof MultiNodePipelineBase)
                || calls.stream().mapToInt(JedisPipeline::slot).distinct().count() == 1;
        if (hasOneServer) {
            return Collections.nCopies(calls.size(), await(calls.get(0), pipeline));
        }
        Map<Integer, Response<String>> bySlot = new HashMap<>();
        List<Response<String>> servers = calls.stream()
                .map(call -> bySlot.computeIfAbsent(
                        slot(call),
                        slot -> pipeline.executeCommand(
                                new CommandObject<>(new ServerOf(call.key()), BuilderFactory.STRING))))
                .toList();
        pipeline.sync();
        Map<String, Response<Long>> waits = new HashMap<>();
        List<@Nullable Response<Long>> ofCalls = new ArrayList<>();
        for (int i = 0; i < calls.size(); i++) {
            ScriptCall call = calls.get(i);
            String server = read(servers.get(i));
            ofCalls.add(server == null ? null : waits.computeIfAbsent(server, first -> await(call, pipeline)));
        }
        return ofCalls;
    }

    private Response<Long> await(ScriptCall call, AbstractPipeline pipeline) {
        return pipeline.waitReplicas(
                call.key(), replicas.atLeast(), replicas.atMost().toMillis());
    }

    private static int slot(ScriptCall call) {
        return JedisClusterCRC16.getSlot(call.key());
    }

    /** {@code CLUSTER MYID}, sent to where the client takes a key to be. */
    private static final class ServerOf extends ClusterCommandArguments {
        ServerOf(byte[] key) {
            super(Protocol.Command.CLUSTER);
            add(Protocol.ClusterKeyword.MYID);
            processKey(key);
        }
    }

    private ScriptReply reply(Response<Object> answer) {
        try {
            return JedisDriver.answered(answer.get());
        } catch (JedisDataException refused) {
            return JedisDriver.refused(refused);
        } catch (IllegalStateException unread) {
            return unanswered();
        }
    }

    private ScriptReply confirmed(ScriptReply reply, @Nullable Response<Long> confirmation) {
        Long count = confirmation == null ? null : read(confirmation);
        return count == null ? unanswered() : replicas.confirm(reply, count);
    }

    /** The answer; null if there is none, or an error. */
    private <T> @Nullable T read(Response<T> answer) {
        try {
            return answer.get();
        } catch (JedisDataException refused) {
            broken = refused;
            return null;
        } catch (IllegalStateException unread) {
            return null;
        }
    }

    /** The pipeline of a cluster logs why a server did not answer, and does not say it. */
    private ScriptReply unanswered() {
        return new ScriptReply.Unanswered(
                broken == null ? new JedisConnectionException("A server has not answered the pipeline") : broken);
    }
}
