// SPDX-License-Identifier: Apache-2.0
package io.dedup.consumer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.awaitility.Awaitility.await;

import io.dedup.handler.Execution;
import io.dedup.handler.IdempotentHandler;
import io.dedup.handler.OperationRejectedException;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Records that are claimed and completed together, and whose operations end on other threads. */
class BatchConsumerIT extends ConsumerFixture {
    private final ScheduledExecutorService elsewhere = Executors.newScheduledThreadPool(2);

    @AfterEach
    void endThreads() {
        elsewhere.shutdownNow();
    }

    @Test
    void startInBatches_manyRecordsWithDuplicates_eachIsDoneOnceAndClaimedWithOthers() throws Exception {
        // Given
        String topic = topic("batches", 2);
        List<CompletableFuture<?>> sent = new ArrayList<>();
        // One by one at first: a partition that has just been created can refuse a burst, and does so for good.
        send(topic, 0, "k0", "id-0", "v0");
        send(topic, 1, "k1", "id-1", "v1");
        for (int i = 2; i < 3000; i++) {
            int id = i % 2000;
            sent.add(sending(topic, id % 2, "k" + id, "id-" + id, "v" + id));
        }
        CompletableFuture.allOf(sent.toArray(CompletableFuture[]::new)).get();
        // When
        inBatches(consuming(topic).withThreads(2, ProcessingOrder.KEY), this::doneElsewhere);
        awaitCommitted(topic, 2, 3000);
        // Then
        assertThat(runs)
                .hasSize(2000)
                .allSatisfy((value, count) -> assertThat(count).as(value).isEqualTo(1));
        assertThat(store.claimBatches).as("of many records").anyMatch(size -> size > 100);
        assertThat(store.singleClaims.get()).as("claimed by themselves").isLessThan(300);
        assertThat(read(topic + "-dead")).isEmpty();
    }

    @Test
    void startInBatches_someFailNowAndSomeLater_onlyThoseAreTriedAgainAndDeadLettered() throws Exception {
        // Given
        String topic = topic("partial", 1);
        for (int i = 0; i < 30; i++) {
            send(topic, 0, "k" + i, "id-" + i, "v" + i);
        }
        Map<String, AtomicInteger> attempts = new ConcurrentHashMap<>();
        // When
        inBatches(consuming(topic).withThreads(2, ProcessingOrder.KEY), (record, execution) -> {
            int attempt = attempts.computeIfAbsent(record.value(), none -> new AtomicInteger())
                    .incrementAndGet();
            if (record.value().equals("v3") || (record.value().equals("v4") && attempt < 3)) {
                throw new IOException("at once");
            } else if (record.value().equals("v5") || (record.value().equals("v6") && attempt < 3)) {
                return later(() -> {
                    throw new IllegalStateException("later");
                });
            } else if (record.value().equals("v7")) {
                throw new OperationRejectedException("declined", "no funds");
            }
            return doneElsewhere(record, execution);
        });
        awaitCommitted(topic, 1, 30);
        // Then
        assertThat(runs).hasSize(27).doesNotContainKeys("v3", "v5", "v7");
        assertThat(runs.values()).allMatch(count -> count == 1);
        assertThat(read(topic + "-dead")).extracting(ConsumerRecord::value).containsExactlyInAnyOrder("v3", "v5");
        assertThat(attempts.get("v3")).hasValue(3);
        assertThat(attempts.get("v5")).hasValue(3);
        assertThat(attempts.get("v7")).as("rejected for good").hasValue(1);
    }

    @Test
    void startInBatches_recordsWithTheSameKey_areBegunOneAfterTheOther() throws Exception {
        String topic = topic("ordered", 1);
        for (int i = 0; i < 20; i++) {
            send(topic, 0, "k" + i % 2, "id-" + i, "v" + i);
        }
        Map<String, AtomicInteger> running = new ConcurrentHashMap<>();
        List<String> overlaps = new CopyOnWriteArrayList<>();
        inBatches(consuming(topic).withThreads(2, ProcessingOrder.KEY), (record, execution) -> {
            AtomicInteger ofKey = running.computeIfAbsent(record.key(), none -> new AtomicInteger());
            if (ofKey.incrementAndGet() > 1) {
                overlaps.add(record.value());
            }
            return later(() -> {
                run(record, execution);
                ofKey.decrementAndGet();
            });
        });
        awaitCommitted(topic, 1, 20);
        assertThat(overlaps).isEmpty();
        assertThat(done.stream().filter(value -> Integer.parseInt(value.substring(1)) % 2 == 0))
                .containsExactly("v0", "v2", "v4", "v6", "v8", "v10", "v12", "v14", "v16", "v18");
    }

    @Test
    void startInBatches_unordered_sameKeyOverlaps() throws Exception {
        String topic = topic("unordered", 1);
        for (int i = 0; i < 3; i++) {
            send(topic, 0, null, "id-" + i, "v" + i);
        }
        List<CompletableFuture<?>> ends = new CopyOnWriteArrayList<>();
        inBatches(consuming(topic).withThreads(2, ProcessingOrder.UNORDERED), (record, execution) -> {
            CompletableFuture<?> end = new CompletableFuture<>();
            ends.add(end);
            return end;
        });
        await().atMost(PATIENCE).until(() -> ends.size() == 3);
        ends.forEach(end -> end.complete(null));
        awaitCommitted(topic, 1, 3);
    }

    @Test
    void startInBatches_ownerHasVanishedOverARecord_isRunByItselfAndTheOthersAreDone() throws Exception {
        // Given
        String topic = topic("suspect-in-batches", 1);
        store.abandon("test/" + topic + "/" + topic, "id-1");
        for (int i = 0; i < 5; i++) {
            send(topic, 0, "k" + i, "id-" + i, "v" + i);
        }
        AtomicReference<@Nullable Boolean> takenOver = new AtomicReference<>();
        // When
        inBatches(consuming(topic).withThreads(2, ProcessingOrder.KEY), (record, execution) -> {
            if (record.value().equals("v1")) {
                takenOver.set(execution.isTakenOver());
            }
            return doneElsewhere(record, execution);
        });
        awaitCommitted(topic, 1, 5);
        // Then
        assertThat(takenOver).hasValue(true);
        assertThat(runs)
                .hasSize(5)
                .allSatisfy((value, count) -> assertThat(count).isEqualTo(1));
    }

    /** To take too long ends the operation itself, before it is tried again. */
    @Test
    void startInBatches_operationTakesTooLong_isCancelledAndTriedAgain() throws Exception {
        String topic = topic("cancelled-in-batches", 1);
        send(topic, 0, "k", "id", "v");
        List<CompletableFuture<?>> begun = new CopyOnWriteArrayList<>();
        IdempotentHandler<Void> impatient = opened(IdempotentHandler.on(store, "test")
                .withWait(Duration.ZERO)
                .withMaxDuration(Duration.ofMillis(100))
                .build());
        opened(consuming(topic).withThreads(2, ProcessingOrder.KEY).startInBatches(impatient, (record, execution) -> {
            CompletableFuture<?> never = new CompletableFuture<>();
            begun.add(never);
            return begun.size() == 1 ? never : doneElsewhere(record, execution);
        }));
        awaitCommitted(topic, 1, 1);
        assertThat(begun.get(0)).isCancelled();
        assertThat(runs).containsOnly(Map.entry("v", 1));
    }

    /** Those that may have killed a process wait for the slow one; those that have not do not. */
    @Test
    void startInBatches_suspectsBesideASlowOperation_otherRecordsGoOn() throws Exception {
        // Given
        String topic = topic("slow-and-suspects", 1);
        for (int i = 0; i < 20; i++) {
            store.abandon("test/" + topic + "/" + topic, "suspect-" + i);
        }
        CompletableFuture<?> slow = new CompletableFuture<>();
        inBatches(
                consuming(topic).withThreads(2, ProcessingOrder.KEY),
                (record, execution) -> record.value().equals("slow") ? slow : doneElsewhere(record, execution));
        send(topic, 0, "slow", "slow", "slow");
        for (int i = 0; i < 20; i++) {
            send(topic, 0, "s" + i, "suspect-" + i, "suspect-" + i);
        }
        // When
        for (int i = 0; i < 30; i++) {
            send(topic, 0, "k" + i, "id-" + i, "fresh-" + i);
        }
        // Then
        await().atMost(PATIENCE)
                .until(() -> runs.keySet().stream()
                                .filter(value -> value.startsWith("fresh"))
                                .count()
                        == 30);
        slow.complete(null);
    }

    @Test
    void startInBatches_deserializerThrowsAnError_consumerStopsAsItDoesOneByOne() throws Exception {
        String topic = topic("error-in-batches", 1);
        send(topic, 0, "k", "id", "v");
        IdempotentConsumer consumer = opened(IdempotentConsumer.subscribing(configs(topic), topic)
                .withDeserializers(new StringDeserializer(), (of, data) -> {
                    throw new NoClassDefFoundError("com/example/Payment");
                })
                .withDeadLetters(topic + "-dead")
                .withThreads(2, ProcessingOrder.KEY)
                .startInBatches(handler(), (record, execution) -> CompletableFuture.completedStage(null)));
        assertThat(consumer.awaitEnd(PATIENCE)).isTrue();
        assertThat(consumer.failure()).containsInstanceOf(NoClassDefFoundError.class);
    }

    @Test
    void startInBatches_storeIsAwayMeanwhile_recordsWaitAndAreDoneOnce() throws Exception {
        String topic = topic("away-in-batches", 1);
        store.down.set(true);
        for (int i = 0; i < 10; i++) {
            send(topic, 0, "k" + i, "id-" + i, "v" + i);
        }
        inBatches(consuming(topic).withThreads(2, ProcessingOrder.KEY), this::doneElsewhere);
        await().atMost(PATIENCE).until(() -> store.refused.get() > 30);
        assertThat(runs).isEmpty();
        store.down.set(false);
        awaitCommitted(topic, 1, 10);
        assertThat(runs)
                .hasSize(10)
                .allSatisfy((value, count) -> assertThat(count).isEqualTo(1));
    }

    @Test
    void close_operationsStillRun_theirOffsetsAreNotCommittedAndTheNextMemberDoesThem() throws Exception {
        // Given
        String topic = topic("closed-in-batches", 1);
        for (int i = 0; i < 4; i++) {
            send(topic, 0, "k" + i, "id-" + i, "v" + i);
        }
        CompletableFuture<?> never = new CompletableFuture<>();
        List<String> begun = new CopyOnWriteArrayList<>();
        IdempotentConsumer first = consuming(topic)
                .withThreads(2, ProcessingOrder.KEY)
                .withDrain(Duration.ofMillis(200))
                .startInBatches(handler(), (record, execution) -> {
                    begun.add(record.value());
                    return record.value().equals("v2") ? never : doneElsewhere(record, execution);
                });
        await().atMost(PATIENCE).until(() -> begun.size() == 4 && done.size() == 3);
        // When
        first.close();
        // Then
        assertThat(committed(topic, 1)).as("up to the one that runs").isEqualTo(2);
        never.complete(null);
        inBatches(consuming(topic).withThreads(2, ProcessingOrder.KEY), this::doneElsewhere);
        awaitCommitted(topic, 1, 4);
        assertThat(runs).as("completed by the first handler when it ended").doesNotContainKey("v2");
    }

    @Test
    void startInBatches_recordWithoutAKey_isDeadLettered() throws Exception {
        String topic = topic("keyless-in-batches", 1);
        send(topic, 0, "k", null, "keyless");
        send(topic, 0, "k", "id", "good");
        inBatches(consuming(topic).withThreads(2, ProcessingOrder.KEY), this::doneElsewhere);
        awaitCommitted(topic, 1, 2);
        assertThat(done).containsExactly("good");
        assertThat(read(topic + "-dead")).extracting(ConsumerRecord::value).containsExactly("keyless");
    }

    @Test
    void startInBatches_recordsOfAPartitionWaitForEachOther_isRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> consuming("refused").startInBatches(handler(), this::doneElsewhere))
                .withMessageContaining("order must be KEY or UNORDERED");
    }

    private void inBatches(
            IdempotentConsumerBuilder<String, String> builder, AsyncRecordOperation<String, String> operation) {
        opened(builder.startInBatches(handler(), operation));
    }

    private CompletionStage<?> doneElsewhere(ConsumerRecord<String, String> record, Execution<?> execution) {
        return later(() -> run(record, execution));
    }

    private CompletionStage<?> later(Runnable work) {
        CompletableFuture<?> end = new CompletableFuture<>();
        java.util.concurrent.Future<?> unused = elsewhere.schedule(
                () -> {
                    try {
                        work.run();
                        end.complete(null);
                    } catch (RuntimeException failed) {
                        end.completeExceptionally(failed);
                    }
                },
                5,
                TimeUnit.MILLISECONDS);
        return end;
    }

    private static CompletableFuture<?> sending(String topic, int partition, String key, String id, String value) {
        CompletableFuture<?> sent = new CompletableFuture<>();
        java.util.concurrent.Future<?> unused = BROKER.producer()
                .send(record(topic, partition, key, id, value), (metadata, failure) -> {
                    if (failure == null) {
                        sent.complete(null);
                    } else {
                        sent.completeExceptionally(failure);
                    }
                });
        return sent;
    }
}
