// SPDX-License-Identifier: Apache-2.0
package io.dedup.demo.traffic;

import io.dedup.IdempotencyKey;
import io.dedup.Verdict;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Works out what should come of records whose story is unknown, by keeping every first of a partition for ever and
 * looking through all those of its key. It shares the definition of keys with what it checks, and no code that decides or remembers.
 *
 * <p>An old record whose first is known is taken for a duplicate even where a store may have forgotten that first, and
 * would call it late; both keep it away from the ledger.
 */
public final class Reference {
    private final long ttl;
    private final long maxFuture;
    private final Map<String, Partition> partitions = new HashMap<>();
    private final Map<Truth.Entry, Integer> ledger = new HashMap<>();
    private final Map<Verdict, Integer> verdicts = new EnumMap<>(Verdict.class);

    private Reference(Duration ttl, Duration maxFuture) {
        this.ttl = ttl.toMillis();
        this.maxFuture = maxFuture.toMillis();
    }

    /**
     * What should come of these records.
     *
     * @param partitionCount how many partitions each topic has
     * @param ttl how long a first is remembered, and how late a record may be
     * @param now the wall clock in milliseconds since the epoch
     */
    public static Truth truth(List<Sending> sendings, int partitionCount, Duration ttl, Duration maxFuture, long now) {
        Reference reference = new Reference(ttl, maxFuture);
        for (Sending sending : sendings) {
            String place = sending.topic() + "-" + sending.judgedIn(partitionCount);
            Partition partition = reference.partitions.computeIfAbsent(place, unseen -> new Partition());
            reference.verdicts.merge(reference.decide(sending, partition, now), 1, Integer::sum);
        }
        return new Truth(reference.ledger, reference.verdicts);
    }

    private Verdict decide(Sending sending, Partition partition, long now) {
        long time = sending.timestamp();
        long before = partition.streamTime;
        boolean future = time - maxFuture > now;
        if (!future) {
            partition.streamTime = Math.max(before, time);
        }
        IdempotencyKey key = sending.idempotencyKey();
        if (key == null) {
            return Verdict.MISSING_KEY;
        }
        if (future) {
            return Verdict.FUTURE;
        }
        List<Sending> firsts = partition.firsts.computeIfAbsent(key, unseen -> new ArrayList<>());
        for (Sending first : firsts) {
            if (Math.abs(first.timestamp() - time) <= ttl) {
                return samePayload(first.operation(), sending.operation()) ? Verdict.DUPLICATE : Verdict.CONFLICT;
            }
        }
        if (time + ttl < before) {
            return Verdict.LATE;
        }
        firsts.add(sending);
        Operation operation = sending.operation();
        ledger.merge(
                new Truth.Entry(sending.topic(), key.text(), operation.amountCents(), operation.currency()),
                1,
                Integer::sum);
        return Verdict.FIRST;
    }

    private static boolean samePayload(Operation one, Operation other) {
        return one.amountCents() == other.amountCents()
                && one.currency().equals(other.currency())
                && one.orderId().equals(other.orderId());
    }

    private static final class Partition {
        private final Map<IdempotencyKey, List<Sending>> firsts = new HashMap<>();
        private long streamTime = Long.MIN_VALUE / 2;
    }
}
