// SPDX-License-Identifier: Apache-2.0
package io.dedup.store.redis;

import io.dedup.testing.TestServers;
import java.io.IOException;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import redis.clients.jedis.BuilderFactory;
import redis.clients.jedis.CommandArguments;
import redis.clients.jedis.CommandObject;
import redis.clients.jedis.Protocol;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.UnifiedJedis;

/** A server, the client that is tested, and one that looks at the server from aside. */
record ServerUnderTest(TestServers.Redis server, TestClient client, RedisClient aside) implements AutoCloseable {
    private static final Pattern CALLS = Pattern.compile("cmdstat_([^:]+):calls=(\\d+)");
    private static final Pattern READS = Pattern.compile("total_reads_processed:(\\d+)");

    static ServerUnderTest start(TestClient.Connecting connecting) throws IOException {
        TestServers.Redis server = TestServers.redis();
        return new ServerUnderTest(
                server, connecting.to(server.host(), server.port()), RedisClient.create(server.host(), server.port()));
    }

    RedisIdempotencyStore.Builder store() {
        return client.store();
    }

    /** Forgets all scripts, as a server does that is restarted. */
    void forgetScripts() {
        aside.scriptFlush("any");
    }

    /** How often each command has been called since the last time that this was asked, those of scripts included. */
    Map<String, Long> calls() {
        return calls(aside);
    }

    static Map<String, Long> calls(UnifiedJedis server) {
        Map<String, Long> calls = new TreeMap<>();
        for (Matcher each = CALLS.matcher(server.info("commandstats")); each.find(); ) {
            calls.put(each.group(1), Long.parseLong(each.group(2)));
        }
        server.executeCommand(new CommandObject<>(
                new CommandArguments(Protocol.Command.CONFIG).add("RESETSTAT"), BuilderFactory.STRING));
        return calls;
    }

    /** How often the server has read from a connection. */
    long reads() {
        Matcher reads = READS.matcher(aside.info("stats"));
        if (!reads.find()) {
            throw new IllegalStateException("the server does not say how often it has read");
        }
        return Long.parseLong(reads.group(1));
    }

    @Override
    public void close() throws IOException {
        client.close();
        aside.close();
        server.close();
    }
}
