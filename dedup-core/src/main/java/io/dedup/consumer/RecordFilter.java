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
import io.dedup.TombstonePolicy;
import io.dedup.Verdict;
import io.dedup.config.DedupConfig;
import io.dedup.key.Fingerprinter;
import io.dedup.key.KeyExtractor;
import io.dedup.key.RecordView;
import io.dedup.store.ClaimRequest;
import io.dedup.store.ClaimResult;
import io.dedup.store.IdempotencyStore;
import io.dedup.store.Purge;
import io.dedup.store.ScopedKey;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Decides which records of a poll a {@link DedupConsumerInterceptor} passes on. It claims their keys together, and decides about
 * each record in the order of the poll, as if it had been the only one.
 *
 * <p>Confined to the thread of the consumer.
 */
final class RecordFilter implements AutoCloseable {
    private static final Logger LOGGER = LoggerFactory.getLogger(RecordFilter.class);
    private static final Duration MIN_LIFE = Duration.ofMillis(1);

    private final Mode mode;
    private final KeyExtractor keys;
    private final Fingerprinter fingerprints;
    private final Scope scope;
    private final String group;
    private final Duration ttl;
    private final boolean forwardsTombstones;
    private final boolean dropsMissing;
    private final boolean dropsConflicts;
    private final boolean dropsDuplicates;
    private final BlockingClaims claims;
    private final IdempotencyStore store;
    private final Purge purge;
    private final FilterCounts counts;
    private boolean warned;

    RecordFilter(DedupConfig config, String group, IdempotencyStore store, FilterCounts counts) {
        this.mode = config.policy().mode();
        this.keys = config.keyExtractor();
        this.fingerprints = config.fingerprinter();
        this.scope = config.scope();
        this.group = group;
        this.ttl = config.policy().ttl();
        this.forwardsTombstones = config.tombstonePolicy() == TombstonePolicy.FORWARD;
        this.dropsMissing = drops(config, Verdict.MISSING_KEY);
        this.dropsConflicts = drops(config, Verdict.CONFLICT);
        this.dropsDuplicates = drops(config, Verdict.DUPLICATE);
        this.claims = new BlockingClaims(store, mode != Mode.OBSERVE, counts);
        this.store = store;
        this.purge = Purge.every(Purge.USUAL, store);
        this.counts = counts;
    }

    private boolean drops(DedupConfig config, Verdict verdict) {
        return mode == Mode.ENFORCE && config.policy().configuredAction(verdict) == Action.DROP;
    }

    /**
     * A record of the poll.
     *
     * @param request for its key; null if it is decided without the store
     * @param passesUnasked whether it is passed on, if so
     */
    private record Candidate(
            ConsumerRecord<Object, Object> record, @Nullable ClaimRequest request, boolean passesUnasked) {}

    boolean isOff() {
        return mode == Mode.OFF;
    }

    /** The records that are passed on. Partitions without any are left out. */
    Map<TopicPartition, List<ConsumerRecord<Object, Object>>> passed(ConsumerRecords<Object, Object> polled) {
        List<Candidate> candidates = new ArrayList<>();
        List<ClaimRequest> requests = new ArrayList<>();
        for (ConsumerRecord<Object, Object> record : polled) {
            Candidate candidate = candidate(record);
            candidates.add(candidate);
            ClaimRequest request = candidate.request();
            if (request != null) {
                requests.add(request);
            }
        }
        Map<ClaimRequest, ClaimResult> answers = claims.claim(requests);
        Map<TopicPartition, List<ConsumerRecord<Object, Object>>> passed = new LinkedHashMap<>();
        for (Candidate candidate : candidates) {
            ConsumerRecord<Object, Object> record = candidate.record();
            ClaimRequest request = candidate.request();
            if (request == null ? candidate.passesUnasked() : passes(record, answers.get(request))) {
                passed.computeIfAbsent(
                                new TopicPartition(record.topic(), record.partition()), none -> new ArrayList<>())
                        .add(record);
            }
        }
        return passed;
    }

    private Candidate candidate(ConsumerRecord<Object, Object> record) {
        if (record.value() == null && forwardsTombstones) {
            return new Candidate(record, null, true);
        }
        KeyResult key;
        Fingerprint fingerprint;
        try {
            RecordView view = RecordView.of(record);
            key = keys.extract(view);
            fingerprint = fingerprints.fingerprint(view);
        } catch (RuntimeException unreadable) {
            return new Candidate(record, null, unprotected(record, unreadable.toString()));
        }
        if (key instanceof MissingKey missing) {
            counts.missingKeys.increment();
            return new Candidate(record, null, !dropsMissing && unprotected(record, missing.detail()));
        }
        try {
            return new Candidate(record, request(record, (IdempotencyKey) key, fingerprint), false);
        } catch (IllegalArgumentException tooLong) {
            return new Candidate(record, null, unprotected(record, String.valueOf(tooLong.getMessage())));
        }
    }

    private ClaimRequest request(
            ConsumerRecord<Object, Object> record, IdempotencyKey key, @Nullable Fingerprint fingerprint) {
        Origin origin = Origin.of(record, group);
        UUID owner = UUID.nameUUIDFromBytes(origin.at().toString().getBytes(UTF_8));
        // With its length, so that no group and scope run into another.
        String within = origin.group().length() + ":" + origin.group() + "/"
                + scope.nameFor(origin.at().topic());
        // For as long as the key is remembered it belongs to these coordinates, and to no others.
        return new ClaimRequest(new ScopedKey(within, key), owner, fingerprint, ttl, MIN_LIFE, false);
    }

    private boolean passes(ConsumerRecord<Object, Object> record, @Nullable ClaimResult answer) {
        if (answer instanceof ClaimResult.Acquired) {
            counts.passed.increment();
            return true;
        } else if (answer instanceof ClaimResult.Conflict) {
            counts.conflicts.increment();
            return !dropsConflicts;
        } else if (answer == null) {
            return unprotected(
                    record,
                    mode == Mode.OBSERVE
                            ? "The store has not answered"
                            : "The thread was interrupted while it waited for the store");
        }
        counts.duplicates.increment();
        return !dropsDuplicates;
    }

    private boolean unprotected(ConsumerRecord<Object, Object> record, String why) {
        counts.unprotected.increment();
        if (!warned) {
            warned = true;
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
