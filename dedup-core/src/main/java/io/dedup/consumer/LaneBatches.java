// SPDX-License-Identifier: Apache-2.0
package io.dedup.consumer;

import io.dedup.store.IdempotencyStore;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/**
 * Lanes whose first records can begin, which are begun together: what becomes ready while a batch is being begun is in the next.
 *
 * <p>Thread-safe.
 */
final class LaneBatches {
    private final ConsumerLoop loop;
    private final RecordHandling<?, ?> handling;
    private final BiConsumer<PartitionState.Lane, RecordHandling.Result> ended;
    private final Consumer<PartitionState.Lane> alone;
    private final Queue<PartitionState.Lane> ready = new ConcurrentLinkedQueue<>();
    private final AtomicBoolean scheduled = new AtomicBoolean();

    /**
     * @param ended receives the result of a lane's record
     * @param alone begins a lane by itself
     */
    LaneBatches(
            ConsumerLoop loop,
            RecordHandling<?, ?> handling,
            BiConsumer<PartitionState.Lane, RecordHandling.Result> ended,
            Consumer<PartitionState.Lane> alone) {
        this.loop = loop;
        this.handling = handling;
        this.ended = ended;
        this.alone = alone;
    }

    /** Begins a lane with the next batch. */
    void add(PartitionState.Lane lane) {
        ready.add(lane);
        schedule();
    }

    private void schedule() {
        if (scheduled.compareAndSet(false, true)) {
            loop.startBatch(this::drain);
        }
    }

    private void drain() {
        try {
            for (List<PartitionState.Lane> batch = next(); !batch.isEmpty(); batch = next()) {
                if (handling.isHolding()) {
                    batch.forEach(alone);
                } else {
                    begin(batch);
                }
            }
        } catch (InterruptedException closing) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException | Error broken) {
            loop.fail(broken);
        } finally {
            scheduled.set(false);
        }
        if (!ready.isEmpty() && loop.goesOn()) {
            schedule();
        }
    }

    private List<PartitionState.Lane> next() {
        List<PartitionState.Lane> batch = new ArrayList<>();
        while (batch.size() < IdempotencyStore.MAX_BATCH) {
            PartitionState.Lane lane = ready.poll();
            if (lane == null) {
                break;
            }
            batch.add(lane);
        }
        return batch;
    }

    private void begin(List<PartitionState.Lane> batch) throws InterruptedException {
        List<RecordHandling.Item> items = new ArrayList<>();
        for (PartitionState.Lane lane : batch) {
            ConsumerRecord<byte[], byte[]> record = lane.begin();
            if (record != null) {
                items.add(new RecordHandling.Item(record, lane.waits(), result -> ended.accept(lane, result)));
            }
        }
        handling.handleAll(items);
    }
}
