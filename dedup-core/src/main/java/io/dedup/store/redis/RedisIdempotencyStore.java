// SPDX-License-Identifier: Apache-2.0
package io.dedup.store.redis;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.dedup.Fingerprint;
import io.dedup.store.Claim;
import io.dedup.store.ClaimRequest;
import io.dedup.store.ClaimResult;
import io.dedup.store.ClaimState;
import io.dedup.store.Completion;
import io.dedup.store.CompletionRequest;
import io.dedup.store.IdempotencyStore;
import io.dedup.store.LeaseResult;
import io.dedup.store.PriorRun;
import io.dedup.store.Release;
import io.dedup.store.ScopedKey;
import io.dedup.store.admin.OperationAdmin;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.function.LongSupplier;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * A store in Redis 5 or later, one server or a cluster.
 *
 * <p>Every call is one script on one key, and one round trip, whose time is the server's; one more if the server has been
 * restarted and does not know the script. {@link #claimAll} and {@link #completeAll} take one round trip to each server that
 * has any of the keys. Keys vanish by themselves when their time to live is over.
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
 * <p>Thread-safe if the client is. {@link #close} closes the client that {@link #connectingTo} has made, and what the driver
 * has opened; a client that a driver was given is its owner's.
 */
public final class RedisIdempotencyStore implements IdempotencyStore {
    private static final LeaseResult DONE = new LeaseResult.Done();
    private static final LeaseResult LOST = new LeaseResult.Lost();

    private final RedisDriver driver;
    private final Operations operations;
    private final OperationAdmin admin;

    private RedisIdempotencyStore(Builder builder) {
        this.driver = builder.driver;
        byte[] prefix = builder.prefix.getBytes(UTF_8);
        this.operations = new Operations(driver, prefix, builder.clock, builder.replicas);
        this.admin = new RedisOperationAdmin(operations, new KeyScan(driver, prefix));
    }

    /**
     * A store on the servers of that driver, to be configured and {@linkplain Builder#open opened}:
     *
     * <pre>{@code
     * RedisIdempotencyStore.on(JedisDriver.of(jedis)).open()
     * RedisIdempotencyStore.on(LettuceDriver.of(lettuce)).open()
     * }</pre>
     */
    public static Builder on(RedisDriver driver) {
        return new Builder(driver);
    }

    /**
     * A store on the server at that address, with a client of its own: {@code redis://user:password@localhost:6379}. That is
     * Jedis, or Lettuce where Jedis is not on the class path.
     *
     * @throws NoClassDefFoundError if neither is
     */
    public static Builder connectingTo(URI address) {
        return new Builder(
                isPresent("redis.clients.jedis.RedisClient")
                        ? JedisDriver.connectingTo(address)
                        : LettuceDriver.connectingTo(address));
    }

    private static boolean isPresent(String type) {
        try {
            Class.forName(type, false, RedisIdempotencyStore.class.getClassLoader());
            return true;
        } catch (ClassNotFoundException absent) {
            return false;
        }
    }

    /** How a store is to be. Not thread-safe. */
    public static final class Builder {
        private final RedisDriver driver;
        private String prefix = "dedup:";
        private boolean acceptsEviction;
        private Replicas replicas = Replicas.NONE;
        private @Nullable LongSupplier clock;

        private Builder(RedisDriver driver) {
            this.driver = driver;
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
         * @param atMost how long; a millisecond or more, and less than the client waits for an answer
         */
        public Builder withReplicas(int atLeast, Duration atMost) {
            replicas = Replicas.of(atLeast, atMost);
            return this;
        }

        /** Milliseconds since 1970 in place of the server's clock, for tests. */
        Builder withClock(LongSupplier millis) {
            clock = millis;
            return this;
        }

        /**
         * The store, after the server has been asked whether it evicts keys. The driver is closed if this fails.
         *
         * @throws IllegalStateException if it does, or would not say, and that was not accepted; or if it does not answer
         */
        public RedisIdempotencyStore open() {
            try {
                ServerChecks checks = new ServerChecks(driver, prefix.getBytes(UTF_8));
                checks.checkEviction(acceptsEviction);
                checks.checkPersistence();
                return new RedisIdempotencyStore(this);
            } catch (RuntimeException failed) {
                driver.close();
                throw failed;
            }
        }
    }

    @Override
    public ClaimResult claim(ClaimRequest request) {
        return claimed(request, operations.run(claiming(request)));
    }

    @Override
    public List<ClaimResult> claimAll(List<ClaimRequest> requests) {
        IdempotencyStore.requireBatch(requests);
        List<ScriptReply> replies =
                operations.run(requests.stream().map(this::claiming).toList());
        return IntStream.range(0, requests.size())
                .mapToObj(i -> claimed(requests.get(i), replies.get(i)))
                .toList();
    }

    private ScriptCall claiming(ClaimRequest request) {
        Fingerprint fingerprint = request.fingerprint();
        List<byte[]> arguments = operations.arguments("claim");
        arguments.add(text(request.owner().toString()));
        arguments.add(millis(request.leaseFor()));
        arguments.add(millis(request.timeToLive()));
        arguments.add(fingerprint == null ? new byte[0] : fingerprint.bytes());
        arguments.add(flag(request.reopensUnknown()));
        return operations.call(request.key(), arguments);
    }

    private static ClaimResult claimed(ClaimRequest request, ScriptReply reply) {
        if (reply instanceof ScriptReply.Refused refused) {
            return new ClaimResult.Unavailable("Redis refuses the claim: " + refused.error(), refused.cause());
        } else if (reply instanceof ScriptReply.Unanswered unanswered) {
            return new ClaimResult.Indeterminate(unanswered.cause());
        }
        return claimed(request, ((ScriptReply.Answered) reply).values());
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
        List<byte[]> arguments = operations.arguments("renew", claim);
        arguments.add(millis(leaseFor));
        arguments.add(millis(claim.request().timeToLive()));
        return changed(operations.call(claim.key(), arguments));
    }

    @Override
    public LeaseResult complete(Claim claim, Completion completion, Duration timeToLive) {
        return changed(completing(new CompletionRequest(claim, completion, timeToLive)));
    }

    @Override
    public List<LeaseResult> completeAll(List<CompletionRequest> requests) {
        IdempotencyStore.requireBatch(requests);
        return operations.run(requests.stream().map(this::completing).toList()).stream()
                .map(RedisIdempotencyStore::changed)
                .toList();
    }

    private ScriptCall completing(CompletionRequest request) {
        List<byte[]> arguments = operations.arguments("complete", request.claim());
        arguments.add(text(request.completion().code()));
        arguments.add(millis(request.timeToLive()));
        byte[] outcome = request.completion().outcomeBytes();
        if (outcome != null) {
            arguments.add(outcome);
        }
        return operations.call(request.claim().key(), arguments);
    }

    @Override
    public LeaseResult release(Claim claim, Release why) {
        List<byte[]> arguments = operations.arguments("release", claim);
        arguments.add(millis(claim.request().timeToLive()));
        arguments.add(text(Integer.toString(why.uncounted())));
        arguments.add(flag(why.mayBeDone()));
        arguments.add(flag(why.leavesUnknown()));
        return changed(operations.call(claim.key(), arguments));
    }

    @Override
    public LeaseResult withdraw(ClaimRequest request) {
        List<byte[]> arguments = operations.arguments("withdraw");
        arguments.add(text(request.owner().toString()));
        arguments.add(millis(request.timeToLive()));
        return changed(operations.call(request.key(), arguments));
    }

    @Override
    public ClaimState inspect(Claim claim) {
        ScriptReply reply = operations.run(operations.call(claim.key(), operations.arguments("inspect", claim)));
        if (!(reply instanceof ScriptReply.Answered answered)) {
            return new ClaimState.Indeterminate(causeOf(reply));
        }
        return switch (text(answered.values().get(0))) {
            case "held" -> new ClaimState.Held();
            case "completed" -> new ClaimState.Completed(completion(answered.values()));
            default -> new ClaimState.Lost();
        };
    }

    @Override
    public LeaseResult resetAttempts(ScopedKey key) {
        return changed(operations.call(key, operations.arguments("reset")));
    }

    /** Does nothing: the server forgets by itself. */
    @Override
    public int purge(int atMost) {
        return 0;
    }

    /** Shows what the store holds, and repairs it. */
    public OperationAdmin operations() {
        return admin;
    }

    @Override
    public void close() {
        driver.close();
    }

    private LeaseResult changed(ScriptCall call) {
        return changed(operations.run(call));
    }

    private static LeaseResult changed(ScriptReply reply) {
        if (reply instanceof ScriptReply.Answered answered) {
            return text(answered.values().get(0)).equals("done") ? DONE : LOST;
        }
        return new LeaseResult.Indeterminate(causeOf(reply));
    }

    private static Throwable causeOf(ScriptReply reply) {
        return reply instanceof ScriptReply.Refused refused
                ? refused.cause()
                : ((ScriptReply.Unanswered) reply).cause();
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
