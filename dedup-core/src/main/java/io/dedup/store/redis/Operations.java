// SPDX-License-Identifier: Apache-2.0
package io.dedup.store.redis;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.dedup.store.Claim;
import io.dedup.store.ScopedKey;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.LongSupplier;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** The script {@code operations.lua} on the servers of a driver. */
final class Operations {
    private final RedisDriver driver;
    private final byte[] prefix;
    private final @Nullable LongSupplier clock;
    private final Replicas replicas;
    private final Script script = Script.named("operations.lua");

    /**
     * @param prefix of every key
     * @param clock milliseconds since 1970; null for that of the server
     */
    Operations(RedisDriver driver, byte[] prefix, @Nullable LongSupplier clock, Replicas replicas) {
        this.driver = driver;
        this.prefix = prefix;
        this.clock = clock;
        this.replicas = replicas;
    }

    /** What every operation begins with, to be continued. */
    List<byte[]> arguments(String operation) {
        List<byte[]> arguments = new ArrayList<>();
        arguments.add(operation.getBytes(UTF_8));
        arguments.add(
                clock == null ? new byte[0] : Long.toString(clock.getAsLong()).getBytes(UTF_8));
        return arguments;
    }

    /** What every operation of the owner of a claim begins with, to be continued. */
    List<byte[]> arguments(String operation, Claim claim) {
        List<byte[]> arguments = arguments(operation);
        arguments.add(claim.request().owner().toString().getBytes(UTF_8));
        arguments.add(Long.toString(claim.token()).getBytes(UTF_8));
        return arguments;
    }

    ScriptCall call(ScopedKey key, List<byte[]> arguments) {
        byte[] bytes = key.bytes();
        byte[] whole = Arrays.copyOf(prefix, prefix.length + bytes.length);
        System.arraycopy(bytes, 0, whole, prefix.length, bytes.length);
        return ScriptCall.of(script, whole, arguments);
    }

    ScriptReply run(ScriptCall call) {
        return run(List.of(call)).get(0);
    }

    /** The replies, in the order of the calls. */
    List<ScriptReply> run(List<ScriptCall> calls) {
        if (calls.isEmpty()) {
            return List.of();
        }
        List<ScriptReply> replies = new ArrayList<>(driver.run(calls, replicas));
        for (List<Integer> unknown = unknown(replies); !unknown.isEmpty(); unknown = unknown(replies)) {
            // A server that was restarted, or another one of the cluster: the first call brings the script for the
            // rest.
            List<ScriptCall> again = new ArrayList<>();
            for (int call : unknown) {
                again.add(again.isEmpty() ? calls.get(call).whole() : calls.get(call));
            }
            List<ScriptReply> answers = driver.run(again, replicas);
            for (int i = 0; i < again.size(); i++) {
                replies.set(unknown.get(i), answers.get(i));
            }
        }
        return replies;
    }

    private static List<Integer> unknown(List<ScriptReply> replies) {
        return IntStream.range(0, replies.size())
                .filter(i -> replies.get(i) instanceof ScriptReply.Refused refused && refused.isForUnknownScript())
                .boxed()
                .toList();
    }
}
