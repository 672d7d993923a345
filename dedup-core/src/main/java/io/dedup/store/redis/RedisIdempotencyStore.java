// SPDX-License-Identifier: Apache-2.0
package io.dedup.store.redis;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.dedup.Fingerprint;
import io.dedup.StoredOutcome;
import io.dedup.store.Claim;
import io.dedup.store.ClaimRequest;
import io.dedup.store.ClaimResult;
import io.dedup.store.Completion;
import io.dedup.store.IdempotencyStore;
import io.dedup.store.LeaseResult;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import redis.clients.jedis.RedisClient;
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
 * <p>What Redis can promise is less than what a database can: replication is asynchronous, so that after a failover a claim
 * or an outcome of the last moments may be missing, and its operation runs again; and unless every write is synced, a crash
 * of the server may cost the last second. Where an effect must not happen twice, pass the {@code Idempotency-Key} on to
 * whoever has the effect, or use the JDBC store.
 *
 * <p>A server that evicts keys when its memory is full forgets operations that it was to remember, and such a server is
 * refused unless asked for.
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

    private RedisIdempotencyStore(Builder builder, byte[] script, byte[] sha) {
        this.redis = builder.redis;
        this.owned = builder.owned;
        this.prefix = builder.prefix.getBytes(UTF_8);
        this.clock = builder.clock;
        this.script = script;
        this.sha = sha;
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
        arguments.add(text(request.reopensUnknown() ? "1" : "0"));
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
            case "acquired" -> {
                Claim claim =
                        new Claim(request, Long.parseLong(text(reply.get(1))), Integer.parseInt(text(reply.get(2))));
                yield new ClaimResult.Acquired(claim, text(reply.get(3)).equals("1"));
            }
            case "busy" -> new ClaimResult.InProgress(Duration.ofMillis(Long.parseLong(text(reply.get(1)))));
            case "conflict" -> new ClaimResult.Conflict();
            case "completed" -> {
                StoredOutcome outcome = StoredOutcome.of(reply.size() > 2 ? reply.get(2) : null);
                yield new ClaimResult.Completed(new Completion(kind(text(reply.get(1))), outcome));
            }
            default -> throw new IllegalStateException("the script has answered " + result);
        };
    }

    @Override
    public LeaseResult renew(Claim claim, Duration leaseFor) {
        ClaimRequest.millis("leaseFor", leaseFor);
        List<byte[]> arguments = holder("renew", claim);
        arguments.add(millis(leaseFor));
        arguments.add(millis(claim.request().timeToLive()));
        return changed(claim, arguments);
    }

    @Override
    public LeaseResult complete(Claim claim, Completion completion, Duration timeToLive) {
        ClaimRequest.millis("timeToLive", timeToLive);
        List<byte[]> arguments = holder("complete", claim);
        arguments.add(text(code(completion.kind())));
        arguments.add(millis(timeToLive));
        byte[] outcome = completion.outcome().bytes();
        if (outcome != null) {
            arguments.add(outcome);
        }
        return changed(claim, arguments);
    }

    @Override
    public LeaseResult release(Claim claim) {
        List<byte[]> arguments = holder("release", claim);
        arguments.add(millis(claim.request().timeToLive()));
        return changed(claim, arguments);
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

    private LeaseResult changed(Claim claim, List<byte[]> arguments) {
        try {
            return text(run(claim.key().bytes(), arguments).get(0)).equals("done") ? DONE : LOST;
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
            return (List<byte[]>) redis.evalsha(sha, List.of(whole), arguments);
        } catch (JedisNoScriptException forgotten) {
            // The server has been restarted, or another one of the cluster has the key.
            return (List<byte[]>) redis.eval(script, List.of(whole), arguments);
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

    private static String text(byte[] bytes) {
        return new String(bytes, UTF_8);
    }

    private static String code(Completion.Kind kind) {
        return switch (kind) {
            case SUCCEEDED -> "S";
            case FAILED -> "F";
            case UNKNOWN -> "U";
        };
    }

    private static Completion.Kind kind(String code) {
        return switch (code) {
            case "S" -> Completion.Kind.SUCCEEDED;
            case "F" -> Completion.Kind.FAILED;
            case "U" -> Completion.Kind.UNKNOWN;
            default -> throw new IllegalStateException("there is no completion " + code);
        };
    }
}
