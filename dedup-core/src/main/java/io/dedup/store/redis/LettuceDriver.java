// SPDX-License-Identifier: Apache-2.0
package io.dedup.store.redis;

import io.lettuce.core.ClientOptions;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import io.lettuce.core.api.StatefulConnection;
import io.lettuce.core.cluster.RedisClusterClient;
import io.lettuce.core.codec.ByteArrayCodec;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;

/**
 * Redis by way of Lettuce, one server or a cluster.
 *
 * <p>Calls wait for their answers as long as the connection's timeout is, and longer if replicas are waited for. The calls of
 * all threads share one connection to each server, so that one that waits for replicas holds the others up. An interrupt is
 * kept for the caller and does not end the wait, since it does not undo the call.
 *
 * <p>After a cut Lettuce connects again and sends once more what was not answered. That does no harm.
 */
public final class LettuceDriver implements RedisDriver {
    /** What Jedis has: a client that waits for a minute holds up its thread for a minute. */
    private static final Duration OWN_TIMEOUT = Duration.ofSeconds(2);

    private final LettuceServers servers;

    private LettuceDriver(LettuceServers servers) {
        this.servers = servers;
    }

    /**
     * The server of that client, on a connection of its own.
     *
     * @throws io.lettuce.core.RedisConnectionException if it cannot be reached
     */
    public static LettuceDriver of(RedisClient client) {
        return new LettuceDriver(new LettuceServers.One(client.connect(ByteArrayCodec.INSTANCE), () -> {}));
    }

    /**
     * The cluster of that client, on connections of its own. Keys that have moved are followed; servers that have failed are
     * left only if the client refreshes what it knows of the cluster ({@code ClusterTopologyRefreshOptions}).
     *
     * @throws io.lettuce.core.RedisException if no server of it can be reached
     */
    public static LettuceDriver of(RedisClusterClient client) {
        return new LettuceDriver(new LettuceServers.Cluster(client, client.connect(ByteArrayCodec.INSTANCE)));
    }

    /** The server at that address, with a client of its own. */
    static LettuceDriver connectingTo(URI address) {
        RedisURI server = RedisURI.create(address);
        if (server.getTimeout().equals(RedisURI.DEFAULT_TIMEOUT_DURATION)) {
            server.setTimeout(OWN_TIMEOUT);
        }
        RedisClient client = RedisClient.create(server);
        client.setOptions(ClientOptions.builder()
                .disconnectedBehavior(ClientOptions.DisconnectedBehavior.REJECT_COMMANDS)
                .build());
        try {
            return new LettuceDriver(new LettuceServers.One(client.connect(ByteArrayCodec.INSTANCE), client::shutdown));
        } catch (RuntimeException unreachable) {
            client.shutdown();
            throw unreachable;
        }
    }

    @Override
    public List<ScriptReply> run(List<ScriptCall> calls, Replicas replicas) {
        List<ScriptReply> replies = new ArrayList<>(sent(calls, replicas, servers::of));
        List<Integer> moved = new ArrayList<>();
        List<ScriptCall> again = new ArrayList<>();
        for (int i = 0; i < replies.size(); i++) {
            if (replies.get(i) instanceof ScriptReply.Refused refused && isElsewhere(refused.error())) {
                moved.add(i);
                again.add(calls.get(i));
            }
        }
        if (!moved.isEmpty()) {
            servers.refresh();
            // The client can follow a call to a server that it does not know yet, but not a wait for replicas.
            List<ScriptReply> answers = replicas.areAwaited()
                    ? sent(again, replicas, servers::of)
                    : sent(again, replicas, call -> servers.following());
            for (int i = 0; i < again.size(); i++) {
                replies.set(moved.get(i), answers.get(i));
            }
        }
        return replies;
    }

    private static boolean isElsewhere(String error) {
        return error.startsWith("MOVED ") || error.startsWith("ASK ");
    }

    private List<ScriptReply> sent(
            List<ScriptCall> calls, Replicas replicas, Function<ScriptCall, StatefulConnection<byte[], byte[]>> route) {
        Map<StatefulConnection<byte[], byte[]>, LettucePipeline> pipelines = new LinkedHashMap<>();
        List<CompletableFuture<ScriptReply>> replies = new ArrayList<>();
        for (ScriptCall call : calls) {
            try {
                LettucePipeline pipeline =
                        pipelines.computeIfAbsent(route.apply(call), server -> new LettucePipeline(server, replicas));
                replies.add(pipeline.add(call));
            } catch (RuntimeException unreachable) {
                replies.add(CompletableFuture.completedFuture(new ScriptReply.Unanswered(unreachable)));
            }
        }
        pipelines.values().forEach(LettucePipeline::send);
        Duration timeout = servers.timeout();
        if (!await(replies, timeout.isZero() ? timeout : timeout.plus(replicas.atMost()))) {
            pipelines.values().forEach(pipeline -> pipeline.giveUp(timeout));
        }
        return replies.stream().map(CompletableFuture::join).toList();
    }

    /**
     * Waits until all are there.
     *
     * @param atMost zero for as long as it takes
     * @return false if it has taken too long
     */
    private static boolean await(List<CompletableFuture<ScriptReply>> replies, Duration atMost) {
        CompletableFuture<Void> all = CompletableFuture.allOf(replies.toArray(CompletableFuture[]::new));
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    if (atMost.isZero()) {
                        all.get();
                    } else {
                        all.get(atMost.toMillis(), TimeUnit.MILLISECONDS);
                    }
                    return true;
                } catch (InterruptedException kept) {
                    interrupted = true;
                } catch (TimeoutException late) {
                    return false;
                } catch (ExecutionException impossible) {
                    throw new IllegalStateException("replies do not fail", impossible);
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    @Override
    public void close() {
        servers.close();
    }
}
