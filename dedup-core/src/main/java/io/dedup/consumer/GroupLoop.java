// SPDX-License-Identifier: Apache-2.0
package io.dedup.consumer;

import java.time.Clock;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Polls, hands records to workers, and commits what is done with. It polls all the time, also while workers are busy, so
 * that the group never takes it for dead; partitions with enough to do are paused.
 *
 * <p>Confined to its thread, but for the work on lanes.
 */
final class GroupLoop extends ConsumerLoop implements ConsumerRebalanceListener {
    private static final Logger LOGGER = LoggerFactory.getLogger(GroupLoop.class);
    private static final Duration POLL = Duration.ofMillis(100);
    private static final Duration PAUSED = Duration.ofMillis(20);

    private final Consumer<byte[], byte[]> consumer;
    private final Subscription subscription;
    private final ProcessingOrder order;
    private final int maxInFlight;
    private final long maxInFlightBytes;
    private final long maxUncommitted;
    /** How long a record may be open before no more are read of its partition. */
    private final Duration maxAge;

    private final Duration drainFor;
    private final Map<TopicPartition, PartitionState> assigned = new HashMap<>();
    private final NextOffsets nextOffsets = NextOffsets.ofThisClient();
    private boolean committing;
    private final Signal progress = new Signal();
    private final @Nullable LaneBatches batches;
    private final Lag lag = new Lag();
    private volatile boolean joined;
    private volatile int inFlight;
    private volatile Duration oldestAge = Duration.ZERO;

    /**
     * @param maxAge how long a record may be open before no more are read of its partition
     */
    GroupLoop(
            Consumer<byte[], byte[]> consumer,
            Subscription subscription,
            IdempotentConsumerBuilder<?, ?> builder,
            RecordHandling<?, ?> handling,
            Workers workers,
            Duration maxAge) {
        super(workers, handling);
        this.consumer = consumer;
        this.subscription = subscription;
        this.order = builder.order;
        this.maxInFlight = builder.maxInFlight(handling.isInBatches());
        this.maxInFlightBytes = builder.maxInFlightBytes;
        this.maxUncommitted = builder.maxUncommitted;
        this.maxAge = maxAge;
        this.drainFor = builder.drainFor;
        this.batches = handling.isInBatches() ? new LaneBatches(this, handling, this::ended, this::startAlone) : null;
    }

    @Override
    public void run() {
        try (consumer) {
            try {
                subscription.subscribe(consumer, this);
                while (goesOn()) {
                    poll();
                    commit();
                }
            } finally {
                drain();
                forget();
            }
        } catch (Throwable failed) {
            fail(failed);
        }
    }

    private void poll() {
        boolean isPaused = !consumer.paused().isEmpty();
        ConsumerRecords<byte[], byte[]> records = consumer.poll(isPaused ? Duration.ZERO : POLL);
        if (isPaused && records.isEmpty()) {
            // A poll does not end when records are done with, which is what a paused partition waits for.
            progress.await(PAUSED);
        }
        nextOffsets.after(records, consumer, assigned.keySet()).forEach((partition, next) -> {
            PartitionState state = assigned.get(partition);
            if (state != null) {
                state.add(records.records(partition), next);
            }
        });
        pauseOrResume();
        lag.look(consumer, assigned);
    }

    /** Reads no more of partitions with enough to do, or of any while all of them together have. */
    private void pauseOrResume() {
        Set<TopicPartition> paused = consumer.paused();
        Set<TopicPartition> busy = new LinkedHashSet<>();
        Set<TopicPartition> idle = new LinkedHashSet<>();
        long openBytes = 0;
        int open = 0;
        Duration oldest = Duration.ZERO;
        for (PartitionState state : assigned.values()) {
            openBytes += state.bytes();
            open += state.size();
            Duration age = state.oldestAge();
            oldest = age.compareTo(oldest) > 0 ? age : oldest;
        }
        oldestAge = oldest;
        inFlight = open;
        boolean full = openBytes >= maxInFlightBytes;
        boolean roomy = openBytes <= maxInFlightBytes / 2;
        assigned.forEach((partition, state) -> {
            boolean far =
                    state.uncommitted() >= maxUncommitted || state.oldestAge().compareTo(maxAge) >= 0;
            if (paused.contains(partition)) {
                // A partition with nothing open is read, however much of the others is.
                if (!far && (roomy || state.size() == 0) && state.size() <= maxInFlight / 2) {
                    idle.add(partition);
                }
            } else if (far || (full && state.size() > 0) || state.size() >= maxInFlight) {
                busy.add(partition);
                if (far) {
                    LOGGER.warn(
                            "{} is not read any further: its record at {} is not done with since {}",
                            partition,
                            state.firstOpen(),
                            state.oldestAge());
                }
            }
        });
        consumer.pause(busy);
        consumer.resume(idle);
    }

    @Override
    void abandon() {
        consumer.close();
    }

    @Override
    boolean hasJoined() {
        return joined;
    }

    @Override
    int inFlight() {
        return inFlight;
    }

    @Override
    Duration oldestAge() {
        return oldestAge;
    }

    @Override
    OptionalLong lag() {
        return lag.records();
    }

    private Map<TopicPartition, OffsetAndMetadata> toCommit(Collection<TopicPartition> partitions) {
        Map<TopicPartition, OffsetAndMetadata> offsets = new HashMap<>();
        for (TopicPartition partition : partitions) {
            PartitionState state = assigned.get(partition);
            if (state != null) {
                state.toCommit().ifPresent(offset -> offsets.put(partition, offset));
            }
        }
        return offsets;
    }

    private void commit() {
        Map<TopicPartition, OffsetAndMetadata> offsets = toCommit(assigned.keySet());
        if (!committing && !offsets.isEmpty()) {
            committing = true;
            consumer.commitAsync(offsets, (done, failed) -> {
                committing = false;
                if (failed == null) {
                    done.forEach(this::committed);
                } else {
                    LOGGER.warn("Offsets could not be committed; they are with the next: {}", failed.toString());
                }
            });
        }
    }

    private void committed(TopicPartition partition, OffsetAndMetadata offset) {
        PartitionState state = assigned.get(partition);
        if (state != null) {
            state.committed(offset);
        }
    }

    private void commitNow(Collection<TopicPartition> partitions) {
        Map<TopicPartition, OffsetAndMetadata> offsets = toCommit(partitions);
        if (!offsets.isEmpty()) {
            try {
                consumer.commitSync(offsets);
                offsets.forEach(this::committed);
            } catch (KafkaException failed) {
                // What is completed is replayed when it is read again.
                LOGGER.warn("Offsets could not be committed: {}", failed.toString());
            }
        }
    }

    private void drain() {
        assigned.values().forEach(PartitionState::stop);
        awaitIdle(assigned.values());
        commitNow(assigned.keySet());
    }

    /** What was not done with is for other members. */
    private void forget() {
        assigned.clear();
        inFlight = 0;
        oldestAge = Duration.ZERO;
        lag.forget();
    }

    private void awaitIdle(Collection<PartitionState> states) {
        long until = System.nanoTime() + drainFor.toNanos();
        try {
            for (PartitionState state : states) {
                if (!state.awaitIdle(Duration.ofNanos(Math.max(0, until - System.nanoTime())))) {
                    LOGGER.warn("A record is still being worked on after {}; its offset is not committed", drainFor);
                }
            }
        } catch (InterruptedException interrupted) {
            throw new InterruptException(interrupted);
        }
    }

    @Override
    public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
        Map<TopicPartition, OffsetAndMetadata> found = committedBefore(partitions);
        partitions.forEach(partition -> assigned.put(
                partition, new PartitionState(order, Clock.systemUTC(), found.get(partition), this::start)));
        partitions.forEach(subscription::warnIfCopy);
        joined = true;
    }

    /** Nothing if the brokers do not say: then ages of records count from now. */
    private Map<TopicPartition, OffsetAndMetadata> committedBefore(Collection<TopicPartition> partitions) {
        try {
            return consumer.committed(Set.copyOf(partitions));
        } catch (TimeoutException unanswered) {
            LOGGER.warn("Since when the first records of {} have been open is not known", partitions, unanswered);
            return Map.of();
        }
    }

    @Override
    public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
        Set<PartitionState> revoked = states(partitions);
        revoked.forEach(PartitionState::stop);
        awaitIdle(revoked);
        commitNow(partitions);
        assigned.keySet().removeAll(Set.copyOf(partitions));
    }

    /** Another member has them by now: what is still being worked on is fenced by its lease. */
    @Override
    public void onPartitionsLost(Collection<TopicPartition> partitions) {
        joined = false;
        states(partitions).forEach(PartitionState::stop);
        assigned.keySet().removeAll(Set.copyOf(partitions));
    }

    private Set<PartitionState> states(Collection<TopicPartition> partitions) {
        Set<PartitionState> states = new LinkedHashSet<>();
        for (TopicPartition partition : partitions) {
            PartitionState state = assigned.get(partition);
            if (state != null) {
                states.add(state);
            }
        }
        return states;
    }

    private void start(PartitionState.Lane lane) {
        if (batches != null) {
            batches.add(lane);
        } else {
            startAlone(lane);
        }
    }

    private void startAlone(PartitionState.Lane lane) {
        start(() -> work(lane));
    }

    private void work(PartitionState.Lane lane) {
        ConsumerRecord<byte[], byte[]> record = lane.begin();
        if (record == null) {
            return;
        }
        handle(record, lane.waits(), result -> ended(lane, result));
    }

    private void ended(PartitionState.Lane lane, RecordHandling.Result result) {
        if (result instanceof RecordHandling.Done) {
            if (lane.done() == maxInFlight / 2) {
                progress.send();
            }
            return;
        }
        lane.again();
        if (result instanceof RecordHandling.Again again) {
            later(() -> start(lane), again.pause());
        } else if (result instanceof RecordHandling.Alone) {
            startAlone(lane);
        } else if (result instanceof RecordHandling.Fatal fatal) {
            fail(fatal.cause());
        }
    }
}
