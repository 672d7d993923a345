// SPDX-License-Identifier: Apache-2.0
package io.dedup.consumer;

import io.dedup.internal.BatchQueue;
import io.dedup.store.IdempotencyStore;
import java.util.ArrayList;
import java.util.List;
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
    private final BatchQueue<PartitionState.Lane> ready;

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
        this.ready = new BatchQueue<>(IdempotencyStore.MAX_BATCH, loop::startBatch, this::beginOrHold);
    }

    /** Begins a lane with the next batch. */
    void add(PartitionState.Lane lane) {
        ready.add(lane);
    }

    private void beginOrHold(List<PartitionState.Lane> batch) {
        try {
            if (handling.isHolding()) {
                batch.forEach(alone);
            } else {
                begin(batch);
            }
        } catch (InterruptedException closing) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException | Error broken) {
            loop.fail(broken);
        }
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
