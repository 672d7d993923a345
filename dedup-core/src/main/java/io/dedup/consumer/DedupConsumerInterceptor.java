// SPDX-License-Identifier: Apache-2.0
package io.dedup.consumer;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.dedup.Action;
import io.dedup.Fingerprint;
import io.dedup.IdempotencyKey;
import io.dedup.KeyResult;
import io.dedup.MissingKey;
import io.dedup.Mode;
import io.dedup.Scope;
import io.dedup.Verdict;
import io.dedup.config.DedupConfig;
import io.dedup.internal.metrics.InterceptorCounts;
import io.dedup.key.Fingerprinter;
import io.dedup.key.KeyExtractor;
import io.dedup.key.RecordView;
import io.dedup.store.ClaimRequest;
import io.dedup.store.ClaimResult;
import io.dedup.store.IdempotencyStore;
import io.dedup.store.Purge;
import io.dedup.store.ScopedKey;
import io.dedup.store.memory.MemoryIdempotencyStore;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerInterceptor;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps duplicates from a consumer, by configuration alone:
 *
 * <pre>
 * interceptor.classes=io.dedup.consumer.DedupConsumerInterceptor
 * dedup.consumer.store=jdbc:postgresql://localhost/orders
 * </pre>
 *
 * <p>The first record with a key is passed on, and remembered with its coordinates; records with the same key at other
 * coordinates are left out for {@code dedup.ttl.ms} from then, by the store's clock. A record that was passed on and whose
 * offset was not committed is read again at the same coordinates, by whatever member of the group, and passes again.
 *
 * <p>An interceptor does not see what becomes of a record, and cannot commit. So it is for operations that are repeated until
 * they succeed, and there are cases that only {@link IdempotentConsumer} has right:
 *
 * <ul>
 *   <li>A first that the application gives up, or that compaction, retention or a new topic of the same name takes away before it
 *       was processed, leaves its key behind: copies are left out until the TTL is over.
 *   <li>Duplicates at the very end of a partition are left out but not committed where the application commits what it was
 *       given, as Spring does. After a pause longer than the TTL they are read again, and pass.
 *   <li>A duplicate can overtake its first where they are on different partitions.
 * </ul>
 *
 * <p>A copy in a retry topic or a dead-letter topic is the record that it was made of, and passes again: those of Spring's
 * retry topics and {@code DeadLetterPublishingRecoverer}, and those of {@link IdempotentConsumer}, say in their headers where that
 * was read, and by which group.
 *
 * <p>Where producers use transactions the consumer has to read committed records only ({@code
 * isolation.level=read_committed}); the interceptor warns if it does not.
 *
 * <p>While the store is away nothing is passed on: {@code poll} waits, and says so in the log and as {@code blocked}. If that
 * takes longer than {@code max.poll.interval.ms} the member loses its partitions, and reads the same records again.
 *
 * <p>What it cannot protect it passes on, counts as {@code unprotected-total} and logs: records without a key (unless {@code
 * dedup.on.missing.key=drop}), keys in values that are neither bytes nor text, and everything if the thread is interrupted
 * while the store is away. A key with another payload is passed on and counted as a conflict (unless {@code
 * dedup.on.conflict=drop}). With {@code dedup.mode=observe} duplicates
 * are counted and passed on, and nobody waits for the store; with {@code off} there is none.
 *
 * <p>Its counts are in JMX, {@code kafka.consumer:type=dedup-interceptor-metrics,client-id=…}; those of {@link
 * MonitoredDedupConsumerInterceptor} are among the consumer's own metrics. Works with kafka-clients from 3.9 on.
 *
 * <p>Confined to the thread of the consumer.
 */
public sealed class DedupConsumerInterceptor implements ConsumerInterceptor<Object, Object>
        permits MonitoredDedupConsumerInterceptor {
    private static final Logger LOGGER = LoggerFactory.getLogger(DedupConsumerInterceptor.class);
    private static final Duration SHORTEST_LIFE = Duration.ofMillis(1);
    private static final List<String> NO_EFFECT = List.of(
            DedupConfig.TTL_HEADER,
            DedupConfig.ALLOWED_LATENESS_MS,
            DedupConfig.MAX_FUTURE_MS,
            DedupConfig.actionKey(Verdict.LATE),
            DedupConfig.actionKey(Verdict.FUTURE),
            DedupConfig.actionKey(Verdict.INVALID_TTL),
            DedupConfig.actionKey(Verdict.INVALID_TIMESTAMP),
            DedupConfig.PARTITION_IDLE_TIMEOUT_MS,
            DedupConfig.PARTITION_MAX_DRIFT_MS);
    private static final long FIRST_PAUSE_NANOS = Duration.ofMillis(50).toNanos();
    private static final long LONGEST_PAUSE_NANOS = Duration.ofSeconds(1).toNanos();
    private static final long SAY_EVERY_NANOS = Duration.ofSeconds(10).toNanos();

    private final Counts counts = new Counts();

    @SuppressWarnings("NullAway.Init") // Kafka configures it before anything else.
    private Judge judge;

    /** For Kafka, which configures it. */
    public DedupConsumerInterceptor() {}

    /**
     * Opens the store.
     *
     * @throws io.dedup.config.DedupConfigException if the {@code dedup.*} keys cannot be used
     * @throws org.apache.kafka.common.config.ConfigException if the store cannot be opened
     */
    @Override
    public void configure(Map<String, ?> configs) {
        DedupConfig config = DedupConfig.ofInterceptor(configs);
        for (String key : NO_EFFECT) {
            if (configs.get(key) != null) {
                LOGGER.warn("{} has no effect on an interceptor, whose only time is the store's", key);
            }
        }
        boolean off = config.policy().mode() == Mode.OFF;
        configure(configs, config, off ? MemoryIdempotencyStore.holding(1) : StoreAddress.open(config));
    }

    /** With a store that is at hand, for tests. */
    void configure(Map<String, ?> configs, DedupConfig config, IdempotencyStore store) {
        Object group = configs.get(ConsumerConfig.GROUP_ID_CONFIG);
        if (group == null) {
            LOGGER.warn("There is no group.id: keys are shared with every other consumer without one");
        }
        Object isolation = configs.get(ConsumerConfig.ISOLATION_LEVEL_CONFIG);
        if (isolation == null || !isolation.toString().equalsIgnoreCase("read_committed")) {
            LOGGER.warn(
                    "DEDUP-117: {} is {}: where a producer uses transactions, the attempt that it has rolled back is passed"
                            + " on, and the one that it has committed is left out as its duplicate. Set it to read_committed",
                    ConsumerConfig.ISOLATION_LEVEL_CONFIG,
                    isolation == null ? "read_uncommitted, by default" : isolation);
        }
        judge = new Judge(config, group == null ? "" : group.toString(), store, counts);
        if (countsInJmx()) {
            counts.all.publish("kafka.consumer", String.valueOf(configs.get(ConsumerConfig.CLIENT_ID_CONFIG)));
        }
    }

    /** Whether counts have to be published here; else the client does it. */
    boolean countsInJmx() {
        return true;
    }

    final InterceptorCounts counts() {
        return counts.all;
    }

    @Override
    public ConsumerRecords<Object, Object> onConsume(ConsumerRecords<Object, Object> records) {
        if (judge.mode == Mode.OFF) {
            return records;
        }
        Map<TopicPartition, List<ConsumerRecord<Object, Object>>> passed = new LinkedHashMap<>();
        for (TopicPartition partition : records.partitions()) {
            List<ConsumerRecord<Object, Object>> ofPartition = new ArrayList<>();
            for (ConsumerRecord<Object, Object> record : records.records(partition)) {
                if (judge.passes(record)) {
                    ofPartition.add(record);
                }
            }
            if (!ofPartition.isEmpty()) {
                passed.put(partition, ofPartition);
            }
        }
        return ClientFeatures.subset(passed, records);
    }

    @Override
    public void onCommit(Map<TopicPartition, OffsetAndMetadata> offsets) {}

    @Override
    public void close() {
        try {
            if (judge != null) {
                judge.close();
            }
        } finally {
            counts.all.close();
        }
    }

    /** What it counts. */
    private static final class Counts {
        private final InterceptorCounts all = new InterceptorCounts();
        private final LongAdder passed = all.counter("passed", "Records passed on as the first with their key");
        private final LongAdder duplicates = all.counter("duplicates", "Records whose key had been seen elsewhere");
        private final LongAdder conflicts = all.counter("conflicts", "Records whose key had another payload");
        private final LongAdder missingKeys = all.counter("missing-keys", "Records without a usable key");
        private final LongAdder unprotected = all.counter("unprotected", "Records passed on without being checked");
        private volatile boolean blocked;

        Counts() {
            all.gauge("blocked", "1 while the store does not answer", () -> blocked ? 1 : 0);
        }
    }

    /** Decides about one record after the other. */
    private static final class Judge implements AutoCloseable {
        private final Mode mode;
        private final KeyExtractor keys;
        private final Fingerprinter fingerprints;
        private final Scope scope;
        private final String group;
        private final Duration ttl;
        private final boolean dropsMissing;
        private final boolean dropsConflicts;
        private final boolean dropsDuplicates;
        private final IdempotencyStore store;
        private final Purge purge;
        private final Counts counts;
        private boolean told;

        Judge(DedupConfig config, String group, IdempotencyStore store, Counts counts) {
            this.mode = config.policy().mode();
            this.keys = config.keyExtractor();
            this.fingerprints = config.fingerprinter();
            this.scope = config.scope();
            this.group = group;
            this.ttl = config.policy().ttl();
            this.dropsMissing = drops(config, Verdict.MISSING_KEY);
            this.dropsConflicts = drops(config, Verdict.CONFLICT);
            this.dropsDuplicates = drops(config, Verdict.DUPLICATE);
            this.store = store;
            this.purge = Purge.every(Purge.USUAL, store);
            this.counts = counts;
        }

        private boolean drops(DedupConfig config, Verdict verdict) {
            return mode == Mode.ENFORCE && config.policy().configuredAction(verdict) == Action.DROP;
        }

        boolean passes(ConsumerRecord<Object, Object> record) {
            KeyResult key;
            Fingerprint fingerprint;
            try {
                RecordView view = RecordView.of(record);
                key = keys.extract(view);
                fingerprint = fingerprints.fingerprint(view);
            } catch (RuntimeException unreadable) {
                return unprotected(record, unreadable.toString());
            }
            if (key instanceof MissingKey missing) {
                counts.missingKeys.increment();
                return !dropsMissing && unprotected(record, missing.detail());
            }
            ClaimRequest request;
            try {
                request = request(record, (IdempotencyKey) key, fingerprint);
            } catch (IllegalArgumentException tooLong) {
                return unprotected(record, String.valueOf(tooLong.getMessage()));
            }
            ClaimResult result = claim(request);
            if (result instanceof ClaimResult.Acquired) {
                counts.passed.increment();
                return true;
            } else if (result instanceof ClaimResult.Conflict) {
                counts.conflicts.increment();
                return !dropsConflicts;
            } else if (result == null) {
                return unprotected(record, "The thread was interrupted while it waited for the store");
            }
            counts.duplicates.increment();
            return !dropsDuplicates;
        }

        private ClaimRequest request(
                ConsumerRecord<Object, Object> record, IdempotencyKey key, @Nullable Fingerprint fingerprint) {
            Origin origin = Origin.of(record, group);
            UUID owner = UUID.nameUUIDFromBytes(origin.at().toString().getBytes(UTF_8));
            // With its length, so that no group and scope run into another.
            String within = origin.group().length() + ":" + origin.group() + "/"
                    + scope.nameFor(origin.at().topic());
            // For as long as the key is remembered it belongs to these coordinates, and to no others.
            return new ClaimRequest(new ScopedKey(within, key), owner, fingerprint, ttl, SHORTEST_LIFE, false);
        }

        /**
         * What the store says, however long it takes; null if the thread is interrupted meanwhile, or if nothing is to be kept
         * back anyway.
         */
        private @Nullable ClaimResult claim(ClaimRequest request) {
            long pause = FIRST_PAUSE_NANOS;
            long saidAt = System.nanoTime() - SAY_EVERY_NANOS;
            try {
                while (true) {
                    ClaimResult result = answer(request);
                    boolean unanswered = result instanceof ClaimResult.Unavailable
                            || result instanceof ClaimResult.Indeterminate
                            || result instanceof ClaimResult.Locked;
                    if (!unanswered) {
                        return result;
                    }
                    if (mode == Mode.OBSERVE) {
                        return null;
                    }
                    counts.blocked = true;
                    if (System.nanoTime() - saidAt >= SAY_EVERY_NANOS) {
                        saidAt = System.nanoTime();
                        LOGGER.warn("Nothing is consumed until the store answers: {}", result);
                    }
                    LockSupport.parkNanos(pause);
                    if (Thread.currentThread().isInterrupted()) {
                        return null;
                    }
                    pause = Math.min(2 * pause, LONGEST_PAUSE_NANOS);
                }
            } finally {
                counts.blocked = false;
            }
        }

        /** Kafka would pass everything on if this threw. */
        private ClaimResult answer(ClaimRequest request) {
            try {
                return store.claim(request);
            } catch (RuntimeException failed) {
                LOGGER.debug("The store has failed", failed);
                return new ClaimResult.Indeterminate(failed);
            }
        }

        private boolean unprotected(ConsumerRecord<Object, Object> record, String why) {
            counts.unprotected.increment();
            if (!told) {
                told = true;
                LOGGER.warn(
                        "The record at {}-{}@{} is passed on without protection from duplicates, and others may be: {}",
                        record.topic(),
                        record.partition(),
                        record.offset(),
                        why);
            }
            return true;
        }

        @Override
        public void close() {
            purge.close();
            store.close();
        }
    }
}
