// SPDX-License-Identifier: Apache-2.0
package io.dedup.store.redis;

import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.RedisCommandTimeoutException;
import io.lettuce.core.api.StatefulConnection;
import io.lettuce.core.codec.ByteArrayCodec;
import io.lettuce.core.output.IntegerOutput;
import io.lettuce.core.output.NestedMultiOutput;
import io.lettuce.core.protocol.AsyncCommand;
import io.lettuce.core.protocol.Command;
import io.lettuce.core.protocol.CommandArgs;
import io.lettuce.core.protocol.CommandType;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Calls that are sent to one server at once, and one wait for what its replicas have confirmed of them, on the same
 * connection. Confined to the thread that sends it.
 */
final class LettucePipeline {
    private static final ByteArrayCodec BYTES = ByteArrayCodec.INSTANCE;

    private final StatefulConnection<byte[], byte[]> connection;
    private final Replicas replicas;
    private final List<AsyncCommand<byte[], byte[], ?>> commands = new ArrayList<>();
    private final @Nullable AsyncCommand<byte[], byte[], Long> confirmed;

    LettucePipeline(StatefulConnection<byte[], byte[]> connection, Replicas replicas) {
        this.connection = connection;
        this.replicas = replicas;
        this.confirmed = replicas.areAwaited()
                ? new AsyncCommand<>(new Command<>(
                        CommandType.WAIT,
                        new IntegerOutput<>(BYTES),
                        new CommandArgs<>(BYTES)
                                .add(replicas.atLeast())
                                .add(replicas.atMost().toMillis())))
                : null;
    }

    /** Appends a call; the reply never fails. */
    CompletableFuture<ScriptReply> add(ScriptCall call) {
        CommandArgs<byte[], byte[]> arguments = new CommandArgs<>(BYTES)
                .add(call.script())
                .add(1)
                .addKey(call.key())
                .addValues(call.arguments());
        AsyncCommand<byte[], byte[], List<Object>> command = new AsyncCommand<>(new Command<>(
                call.isWhole() ? CommandType.EVAL : CommandType.EVALSHA, new NestedMultiOutput<>(BYTES), arguments));
        commands.add(command);
        CompletableFuture<ScriptReply> reply = command.handle(LettucePipeline::reply);
        return confirmed == null
                ? reply
                : reply.thenCompose(answer -> confirmed.handle((count, error) -> confirmed(answer, count, error)));
    }

    void send() {
        List<AsyncCommand<byte[], byte[], ?>> all = new ArrayList<>(commands);
        if (confirmed != null) {
            all.add(confirmed);
        }
        try {
            connection.dispatch(all);
        } catch (RuntimeException failed) {
            end(failed);
        }
    }

    /** Ends what is not answered yet, so that it is not sent later, after a new connection. */
    void giveUp(Duration after) {
        end(new RedisCommandTimeoutException("no answer within " + after.toMillis() + " ms"));
    }

    private void end(RuntimeException why) {
        commands.forEach(command -> command.completeExceptionally(why));
        if (confirmed != null) {
            confirmed.completeExceptionally(why);
        }
    }

    private static ScriptReply reply(@Nullable List<Object> values, @Nullable Throwable error) {
        if (error instanceof RedisCommandExecutionException refused) {
            return new ScriptReply.Refused(String.valueOf(refused.getMessage()), refused);
        } else if (error != null || values == null) {
            return new ScriptReply.Unanswered(error == null ? new IllegalStateException("no values") : error);
        }
        return new ScriptReply.Answered(values.stream().map(byte[].class::cast).toList());
    }

    private ScriptReply confirmed(ScriptReply reply, @Nullable Long count, @Nullable Throwable error) {
        if (error != null && reply instanceof ScriptReply.Answered) {
            return new ScriptReply.Unanswered(error);
        }
        return replicas.confirm(reply, count == null ? 0 : count);
    }
}
