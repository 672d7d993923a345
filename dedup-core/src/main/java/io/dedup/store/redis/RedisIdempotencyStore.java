// SPDX-License-Identifier: Apache-2.0
package io.dedup.store.redis;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.dedup.Fingerprint;
import io.dedup.store.Claim;
import io.dedup.store.ClaimRequest;
import io.dedup.store.ClaimResult;
import io.dedup.store.ClaimState;
import io.dedup.store.Completion;
import io.dedup.store.IdempotencyStore;
import io.dedup.store.LeaseResult;
import io.dedup.store.PriorRun;
import io.dedup.store.Release;
import io.dedup.store.ScopedKey;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import redis.clients.jedis.AbstractPipeline;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.Response;
import redis.clients.jedis.UnifiedJedis;
import redis.clients.jedis.exceptions.JedisDataException;
import redis.clients.jedis.exceptions.JedisException;
import redis.clients.jedis.exceptions.JedisNoScriptException;

/**
 * A store in Redis 5 or later, one server or a cluster.
 *
 * <p>Every call is one script on one key, whose time is the server's. Keys vanish by themselves when their time to live is
 * over.
 *
 * <p>What Redis can promise is less than what a database can:
 *
 * <ul>
 *   <li>Replication is asynchronous. After a failover a claim or an outcome of the last moments may be missing, and its
 *       operation runs again. {@link Builder#withReplicas} lets each call wait until replicas have confirmed it, which makes
 *       that less likely and not impossible.
 *   <li>Without the append-only file a crash of the server loses everything since the last snapshot, which is minutes with
 *       the usual settings; with it, and {@code appendfsync everysec}, the last second. {@link Builder#open} warns if that
 *       file is off.
 *   <li>Fencing tokens follow the server's clock. After a failover that has lost a key, the next token for it may be smaller
 *       than one given out before, by as much as the clocks of the two servers differ.
 * </ul>
 *
 * <p>Where an effect must not happen twice, pass the {@code Idempotency-Key} on to the system that has the effect, or use the
 * JDBC store.
 *
 * <p>A server that evicts keys when its memory is full forgets operations that it was to remember, and such a server is
 * refused unless that is accepted.
 *
 * <p>Thread-safe if the client is. {@link #close} closes the client that {@link #connectingTo} has made; any other is its
 * owner's.
 */
public final class RedisIdempotencyStore implements IdempotencyStore {
    private static final Logger LOGGER = LoggerFactory.getLogger(RedisIdempotencyStore.class);
    private static final String NO_EVICTION = "noeviction";
    private static final Pattern POLICY = Pattern.compile("maxmemory_policy:([\\w-]+)");
    private static final LeaseResult DONE = new LeaseResult.Done();
    private static final LeaseResult LOST = new LeaseResult.Lost();

    private final UnifiedJedis redis;
    private final boolean owned;
    private final byte[] prefix;
    private final @Nullable LongSupplier clock;
    private final byte[] script;
    private final byte[] sha;
    private final int replicas;
    private final long replicasMillis;

    private RedisIdempotencyStore(Builder builder, byte[] script, byte[] sha) {
        this.redis = builder.redis;
        this.owned = builder.owned;
        this.prefix = builder.prefix.getBytes(UTF_8);
        this.clock = builder.clock;
        this.script = script;
        this.sha = sha;
        this.replicas = builder.replicas;
        this.replicasMillis = builder.replicasMillis;
    }

    /** A store on the servers of that client, to be configured and {@linkplain Builder#open opened}. */
    public static Builder on(UnifiedJedis redis) {
        return new Builder(redis);
    }

    /** A store on the server at that address, with a client of its own: {@code redis://user:password@localhost:6379}. */
    public static Builder connectingTo(URI address) {
        Builder builder = new Builder(RedisClient.create(address));
        builder.owned = true;
        return builder;
    }

    /** How a store is to be. Not thread-safe. */
    public static final class Builder {
        private final UnifiedJedis redis;
        private boolean owned;
        private String prefix = "dedup:";
        private boolean acceptsEviction;
        private int replicas;
        private long replicasMillis;
        private @Nullable LongSupplier clock;

        private Builder(UnifiedJedis redis) {
            this.redis = redis;
        }

        /** What every key of the store begins with; {@code dedup:} unless something else is asked for. */
        public Builder withPrefix(String text) {
            prefix = text;
            return this;
        }

        /** Takes a server that evicts keys when its memory is full, which runs operations twice that it has evicted. */
        public Builder withEvictionAccepted() {
            acceptsEviction = true;
            return this;
        }

        /**
         * Lets every call wait until so many replicas have confirmed what it has written ({@code WAIT}). A call that they do
         * not confirm in time is {@link LeaseResult.Indeterminate}, and is sent again. None unless configured.
         *
         * @param atLeast 1 or more
         * @param atMost how long; a millisecond or more
         */
        public Builder withReplicas(int atLeast, Duration atMost) {
            if (atLeast < 1) {
                throw new IllegalArgumentException("atLeast must be at least 1: " + atLeast);
            }
            replicas = atLeast;
            replicasMillis = ClaimRequest.millis("atMost", atMost);
            return this;
        }

        /** Milliseconds since 1970 in place of the server's clock, for tests. */
        Builder withClock(LongSupplier millis) {
            clock = millis;
            return this;
        }

        /**
         * The store, after the server has been asked whether it evicts keys.
         *
         * @throws IllegalStateException if it does, or would not say, and that was not accepted
         * @throws JedisException if it cannot be asked
         */
        public RedisIdempotencyStore open() {
            try {
                checkEviction();
                checkPersistence();
                byte[] script = script();
                return new RedisIdempotencyStore(this, script, redis.scriptLoad(script, prefix.getBytes(UTF_8)));
            } catch (RuntimeException failed) {
                if (owned) {
                    redis.close();
                }
                throw failed;
            }
        }

        private void checkEviction() {
            String policy = "unknown";
            try {
                String memory = String.valueOf(redis.eval("return redis.call('INFO', 'memory')", 1, prefix));
                Matcher found = POLICY.matcher(memory);
                policy = found.find() ? found.group(1) : policy;
            } catch (JedisDataException notAllowed) {
                LOGGER.warn("The server does not say whether it evicts keys: {}", notAllowed.getMessage());
            }
            if (policy.equals(NO_EVICTION)) {
                return;
            }
            String matter = "The maxmemory-policy of the server is " + policy
                    + ", so that it may forget operations that are to be remembered";
            if (!acceptsEviction) {
                throw new IllegalStateException(
                        matter + ": set it to " + NO_EVICTION + ", or accept it with withEvictionAccepted()");
            }
            LOGGER.warn("{}; this was accepted", matter);
        }

        private void checkPersistence() {
            try {
                String persistence = String.valueOf(redis.eval("return redis.call('INFO', 'persistence')", 1, prefix));
                if (persistence.contains("aof_enabled:0")) {
                    LOGGER.warn("The server keeps no append-only file: a crash of it forgets every operation since its"
                            + " last snapshot, and those run again. Set appendonly yes");
                }
            } catch (JedisDataException notAllowed) {
                LOGGER.warn(
                        "The server does not say whether it keeps an append-only file: {}", notAllowed.getMessage());
            }
        }

        private static byte[] script() {
            try (InputStream file = RedisIdempotencyStore.class.getResourceAsStream("operations.lua")) {
                if (file == null) {
                    throw new IllegalStateException("operations.lua is not in the jar");
                }
                return file.readAllBytes();
            } catch (IOException unreadable) {
                throw new UncheckedIOException(unreadable);
            }
        }
    }

    @Override
    public ClaimResult claim(ClaimRequest request) {
        Fingerprint fingerprint = request.fingerprint();
        List<byte[]> arguments = arguments("claim");
        arguments.add(text(request.owner().toString()));
        arguments.add(millis(request.leaseFor()));
        arguments.add(millis(request.timeToLive()));
        arguments.add(fingerprint == null ? new byte[0] : fingerprint.bytes());
        arguments.add(flag(request.reopensUnknown()));
        try {
            return claimed(request, run(request.key().bytes(), arguments));
        } catch (JedisDataException refused) {
            return new ClaimResult.Unavailable("Redis refuses the claim: " + refused.getMessage(), refused);
        } catch (JedisException unanswered) {
            return new ClaimResult.Indeterminate(unanswered);
        }
    }

    private static ClaimResult claimed(ClaimRequest request, List<byte[]> reply) {
        String result = text(reply.get(0));
        return switch (result) {
            case "acquired" ->
                new ClaimResult.Acquired(new Claim(
                        request,
                        number(reply.get(1)),
                        Math.toIntExact(number(reply.get(2))),
                        PriorRun.of(Math.toIntExact(number(reply.get(3)))),
                        Instant.ofEpochMilli(number(reply.get(4)))));
            case "busy" -> new ClaimResult.InProgress(Duration.ofMillis(number(reply.get(1))));
            case "conflict" -> new ClaimResult.Conflict();
            case "completed" -> new ClaimResult.Completed(completion(reply));
            default -> throw new IllegalStateException("the script has answered " + result);
        };
    }

    private static Completion completion(List<byte[]> reply) {
        return Completion.of(text(reply.get(1)), reply.size() > 2 ? reply.get(2) : null);
    }

    @Override
    public LeaseResult renew(Claim claim, Duration leaseFor) {
        ClaimRequest.millis("leaseFor", leaseFor);
        List<byte[]> arguments = holder("renew", claim);
        arguments.add(millis(leaseFor));
        arguments.add(millis(claim.request().timeToLive()));
        return changed(claim.key(), arguments);
    }

    @Override
    public LeaseResult complete(Claim claim, Completion completion, Duration timeToLive) {
        ClaimRequest.millis("timeToLive", timeToLive);
        List<byte[]> arguments = holder("complete", claim);
        arguments.add(text(completion.code()));
        arguments.add(millis(timeToLive));
        byte[] outcome = completion.outcomeBytes();
        if (outcome != null) {
            arguments.add(outcome);
        }
        return changed(claim.key(), arguments);
    }

    @Override
    public LeaseResult release(Claim claim, Release why) {
        List<byte[]> arguments = holder("release", claim);
        arguments.add(millis(claim.request().timeToLive()));
        arguments.add(text(Integer.toString(why.uncounted())));
        arguments.add(flag(why.mayBeDone()));
        arguments.add(flag(why.leavesUnknown()));
        return changed(claim.key(), arguments);
    }

    @Override
    public LeaseResult withdraw(ClaimRequest request) {
        List<byte[]> arguments = arguments("withdraw");
        arguments.add(text(request.owner().toString()));
        arguments.add(millis(request.timeToLive()));
        return changed(request.key(), arguments);
    }

    @Override
    public ClaimState inspect(Claim claim) {
        try {
            List<byte[]> reply = run(claim.key().bytes(), holder("inspect", claim));
            return switch (text(reply.get(0))) {
                case "held" -> new ClaimState.Held();
                case "completed" -> new ClaimState.Completed(completion(reply));
                default -> new ClaimState.Lost();
            };
        } catch (JedisException unanswered) {
            return new ClaimState.Indeterminate(unanswered);
        }
    }

    @Override
    public LeaseResult resetAttempts(ScopedKey key) {
        return changed(key, arguments("reset"));
    }

    /** Does nothing: the server forgets by itself. */
    @Override
    public int purge(int atMost) {
        return 0;
    }

    @Override
    public void close() {
        if (owned) {
            redis.close();
        }
    }

    private LeaseResult changed(ScopedKey key, List<byte[]> arguments) {
        try {
            return text(run(key.bytes(), arguments).get(0)).equals("done") ? DONE : LOST;
        } catch (JedisException unanswered) {
            return new LeaseResult.Indeterminate(unanswered);
        }
    }

    @SuppressWarnings("unchecked") // The script answers with lists of strings only.
    private List<byte[]> run(byte[] key, List<byte[]> arguments) {
        byte[] whole = new byte[prefix.length + key.length];
        System.arraycopy(prefix, 0, whole, 0, prefix.length);
        System.arraycopy(key, 0, whole, prefix.length, key.length);
        try {
            return replicas == 0
                    ? (List<byte[]>) redis.evalsha(sha, List.of(whole), arguments)
                    : replicated(pipeline -> pipeline.evalsha(sha, List.of(whole), arguments), whole);
        } catch (JedisNoScriptException forgotten) {
            // The server has been restarted, or another one of the cluster has the key.
            return replicas == 0
                    ? (List<byte[]>) redis.eval(script, List.of(whole), arguments)
                    : replicated(pipeline -> pipeline.eval(script, List.of(whole), arguments), whole);
        }
    }

    /** What replicas have confirmed is counted by connection, so the call and the wait for it go through the same one. */
    @SuppressWarnings("unchecked") // The script answers with lists of strings only.
    private List<byte[]> replicated(Function<AbstractPipeline, Response<Object>> call, byte[] key) {
        try (AbstractPipeline pipeline = redis.pipelined()) {
            Response<Object> reply = call.apply(pipeline);
            Response<Long> confirmed = pipeline.waitReplicas(key, replicas, replicasMillis);
            pipeline.sync();
            List<byte[]> answer = (List<byte[]>) reply.get();
            if (confirmed.get() < replicas) {
                throw new JedisException("replicas that have confirmed the call within " + replicasMillis + " ms: "
                        + confirmed.get() + " of " + replicas);
            }
            return answer;
        }
    }

    private List<byte[]> arguments(String operation) {
        List<byte[]> arguments = new ArrayList<>();
        arguments.add(text(operation));
        arguments.add(clock == null ? new byte[0] : text(Long.toString(clock.getAsLong())));
        return arguments;
    }

    private List<byte[]> holder(String operation, Claim claim) {
        List<byte[]> arguments = arguments(operation);
        arguments.add(text(claim.request().owner().toString()));
        arguments.add(text(Long.toString(claim.token())));
        return arguments;
    }

    private static byte[] millis(Duration duration) {
        return text(Long.toString(duration.toMillis()));
    }

    private static byte[] text(String text) {
        return text.getBytes(UTF_8);
    }

    private static byte[] flag(boolean set) {
        return text(set ? "1" : "0");
    }

    private static long number(byte[] bytes) {
        return Long.parseLong(text(bytes));
    }

    private static String text(byte[] bytes) {
        return new String(bytes, UTF_8);
    }
}
