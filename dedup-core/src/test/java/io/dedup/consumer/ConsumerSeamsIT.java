// SPDX-License-Identifier: Apache-2.0
package io.dedup.consumer;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.awaitility.Awaitility.await;

import io.dedup.handler.Execution;
import io.dedup.handler.IdempotentHandler;
import io.dedup.store.PriorRun;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.ConnectException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import javax.management.ObjectName;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.junit.jupiter.api.Test;

/** Where one thing that goes wrong with a record meets another. */
class ConsumerSeamsIT extends ConsumerFixture {
    // Operations that hang

    @Test
    void operation_hangs_isInterruptedAndDeadLetteredAndTheNextIsHandled() throws Exception {
        String topic = topic("hanging", 1);
        send(topic, 0, "k", "id-1", "hangs");
        send(topic, 0, "k", "id-2", "next");
        started(consuming(topic), shortHandler(), (record, execution) -> {
            if (record.value().equals("hangs")) {
                new CountDownLatch(1).await();
            }
            run(record, execution);
        });
        awaitCommitted(topic, 1, 2);
        assertThat(done).containsExactly("next");
        assertThat(read(topic + "-dead"))
                .singleElement()
                .satisfies(letter ->
                        assertThat(header(letter, "__dedup.exception")).endsWith("OperationTimeoutException"));
    }

    /** One worker, which does not come back: another takes its place. */
    @Test
    void operation_hangsAndIgnoresTheInterrupt_isAbandonedAndTheNextIsHandled() throws Exception {
        String topic = topic("deaf", 1);
        send(topic, 0, "k", "id-1", "deaf");
        send(topic, 0, "k", "id-2", "next");
        CountDownLatch over = new CountDownLatch(1);
        AtomicInteger begun = new AtomicInteger();
        IdempotentConsumer consumer = started(
                consuming(topic).withThreads(1, ProcessingOrder.PARTITION), shortHandler(), (record, execution) -> {
                    if (record.value().equals("deaf") && begun.incrementAndGet() == 1) {
                        while (over.getCount() > 0) {
                            Thread.onSpinWait();
                        }
                        return;
                    }
                    run(record, execution);
                });
        awaitCommitted(topic, 1, 2);
        over.countDown();
        assertThat(done).containsExactly("deaf", "next");
        assertThat(consumer.failure()).isEmpty();
        assertThat(read(topic + "-dead")).isEmpty();
    }

    private IdempotentHandler<Void> shortHandler() {
        return opened(IdempotentHandler.on(store, "test")
                .withLease(Duration.ofMillis(500))
                .withWait(Duration.ZERO)
                .withMaxDuration(Duration.ofMillis(500))
                .build());
    }

    // Processes that die

    /** It may have killed the process in which it ran, and with it whatever ran beside it. */
    @Test
    void operation_ownerHasVanished_runsAlone() throws Exception {
        // Given
        String topic = topic("suspect", 1);
        store.abandon("test/suspect/suspect", "id-suspect");
        CountDownLatch goOn = new CountDownLatch(1);
        send(topic, 0, "a", "id-1", "long");
        AtomicInteger running = new AtomicInteger();
        AtomicInteger beside = new AtomicInteger(-1);
        // When
        started(consuming(topic).withThreads(3, ProcessingOrder.KEY), handler(), (record, execution) -> {
            running.incrementAndGet();
            try {
                if (record.value().equals("long")) {
                    goOn.await();
                } else if (record.value().equals("suspect")) {
                    beside.set(running.get());
                    assertThat(execution.attempt()).as("waiting did not count").isEqualTo(2);
                }
                run(record, execution);
                return;
            } finally {
                running.decrementAndGet();
            }
        });
        await().atMost(PATIENCE).until(() -> running.get() == 1);
        send(topic, 0, "b", "id-suspect", "suspect");
        send(topic, 0, "c", "id-2", "other");
        await().during(Duration.ofSeconds(1)).atMost(PATIENCE).until(() -> !done.contains("suspect"));
        goOn.countDown();
        // Then
        awaitCommitted(topic, 1, 3);
        assertThat(beside).hasValue(1);
        assertThat(done).containsExactlyInAnyOrder("long", "suspect", "other");
    }

    @Test
    void close_operationIsInterrupted_attemptDoesNotCount() throws Exception {
        String topic = topic("cancelled", 1);
        send(topic, 0, "k", "id-1", "v1");
        for (int i = 0; i < 4; i++) {
            CountDownLatch begun = new CountDownLatch(1);
            IdempotentConsumer consumer = consuming(topic)
                    .withDrain(Duration.ofMillis(10))
                    .start(handler(), (record, execution) -> {
                        begun.countDown();
                        new CountDownLatch(1).await();
                    });
            begun.await();
            consumer.close();
        }
        AtomicInteger attempt = new AtomicInteger();
        AtomicReference<PriorRun> prior = new AtomicReference<>(PriorRun.NONE);
        started(consuming(topic), handler(), (record, execution) -> {
            attempt.set(execution.attempt());
            prior.set(execution.priorRun());
            run(record, execution);
        });
        awaitCommitted(topic, 1, 1);
        assertThat(attempt).hasValue(1);
        assertThat(prior).as("part of it may be done").hasValue(PriorRun.INTERRUPTED);
        assertThat(read(topic + "-dead")).isEmpty();
    }

    /** It stays unknown, and is dead-lettered as such: it does not hold its partition for ever. */
    @Test
    void reconciler_alwaysFails_isDeadLetteredAsUnknownAndTheNextIsHandled() throws Exception {
        String topic = topic("unfindable", 1);
        store.abandon("test/unfindable/unfindable", "id-1");
        send(topic, 0, "k", "id-1", "v1");
        send(topic, 0, "k", "id-2", "next");
        IdempotentHandler<Void> asking = opened(IdempotentHandler.on(store, "test")
                .withWait(Duration.ZERO)
                .withReconciler(execution -> {
                    throw new IllegalArgumentException("the provider does not know such a key");
                })
                .build());
        started(consuming(topic), asking, this::run);
        awaitCommitted(topic, 1, 2);
        assertThat(done).containsExactly("next");
        assertThat(read(topic + "-dead")).singleElement().satisfies(letter -> {
            assertThat(header(letter, "__dedup.reason")).isEqualTo("unknown-outcome");
            assertThat(header(letter, "__dedup.message")).contains("does not know such a key");
        });
    }

    /** The interrupt ends with the operation: the thread has other records to handle. */
    @Test
    void operation_throwsInterruptedExceptionItself_isDeadLetteredInTheEnd() throws Exception {
        String topic = topic("interrupting", 1);
        send(topic, 0, "k", "id-1", "bad");
        send(topic, 0, "k", "id-2", "next");
        started(consuming(topic), handler(), (record, execution) -> {
            if (record.value().equals("bad")) {
                Thread.currentThread().interrupt();
                throw new InterruptedException("a library gives up");
            }
            run(record, execution);
        });
        awaitCommitted(topic, 1, 2);
        assertThat(done).containsExactly("next");
        assertThat(read(topic + "-dead")).extracting(ConsumerRecord::value).containsExactly("bad");
    }

    // Everything fails

    @Test
    void operations_allFail_areHeldAfterAFewAndDoneOnceOneSucceeds() throws Exception {
        String topic = topic("everything-fails", 1);
        for (int i = 0; i < 6; i++) {
            send(topic, 0, "k" + i, "id-" + i, "v" + i);
        }
        AtomicBoolean down = new AtomicBoolean(true);
        AtomicInteger attempts = new AtomicInteger();
        started(consuming(topic).withMaxDeadLettersInARow(2), handler(), (record, execution) -> {
            attempts.incrementAndGet();
            if (down.get()) {
                throw new IOException("the provider is down");
            }
            run(record, execution);
        });
        await().atMost(PATIENCE).until(() -> attempts.get() >= 2 * 3 + 8);
        assertThat(read(topic + "-dead")).extracting(ConsumerRecord::value).containsExactly("v0", "v1");
        down.set(false);
        awaitCommitted(topic, 1, 6);
        assertThat(done).containsExactly("v2", "v3", "v4", "v5");
        assertThat(read(topic + "-dead")).hasSize(2);
    }

    @Test
    void registry_isAway_recordsWaitAndNothingIsDeadLettered() throws Exception {
        String topic = topic("registry", 1);
        send(topic, 0, "k", "id-1", "v1");
        AtomicInteger asked = new AtomicInteger();
        Deserializer<String> asking = (name, bytes) -> {
            if (asked.incrementAndGet() < 5) {
                throw new SerializationException("Error retrieving schema", new ConnectException("refused"));
            }
            return new String(bytes, UTF_8);
        };
        started(
                IdempotentConsumer.subscribing(configs(topic), topic)
                        .withDeserializers(new StringDeserializer(), asking)
                        .withRetries(QUICK)
                        .withDeadLetters(topic + "-dead"),
                handler(),
                this::run);
        awaitCommitted(topic, 1, 1);
        assertThat(done).containsExactly("v1");
        assertThat(read(topic + "-dead")).isEmpty();
    }

    // Bounds

    @Test
    void partition_oneLaneIsStuck_isNotReadBeyondTheBound() throws Exception {
        String topic = topic("bounded", 1);
        CountDownLatch goOn = new CountDownLatch(1);
        send(topic, 0, "stuck", "id-stuck", "stuck");
        for (int i = 0; i < 60; i++) {
            send(topic, 0, "k" + i, "id-" + i, "v" + i);
        }
        Map<String, Object> configs = new HashMap<>(configs(topic));
        configs.put("max.poll.records", 5);
        configs.put("client.id", "bounded-client");
        IdempotentConsumer consumer = started(
                consuming(configs, topic).withThreads(3, ProcessingOrder.KEY).withMaxUncommitted(20),
                handler(),
                (record, execution) -> {
                    if (record.value().equals("stuck")) {
                        goOn.await();
                    }
                    run(record, execution);
                });
        await().atMost(PATIENCE).until(() -> done.size() >= 19);
        await().during(Duration.ofSeconds(2)).atMost(PATIENCE).until(() -> done.size() < 30);
        assertThat(consumer.oldestUncommittedAge()).isGreaterThan(Duration.ofSeconds(1));
        Object age = ManagementFactory.getPlatformMBeanServer()
                .getAttribute(
                        new ObjectName("kafka.consumer:type=dedup-consumer-metrics,client-id=bounded-client"),
                        "oldest-uncommitted-age-ms");
        assertThat((Double) age).isGreaterThan(1_000);
        goOn.countDown();
        awaitCommitted(topic, 1, 61);
        assertThat(runs).allSatisfy((value, times) -> assertThat(times).isEqualTo(1));
    }

    /** What is read again after a crash must still be recognised. */
    @Test
    void partition_oneLaneIsStuckForHalfTheTtl_isNotReadAnyFurther() throws Exception {
        String topic = topic("aged", 1);
        CountDownLatch goOn = new CountDownLatch(1);
        send(topic, 0, "stuck", "id-stuck", "stuck");
        IdempotentHandler<Void> shortLived = opened(IdempotentHandler.on(store, "test")
                .withWait(Duration.ZERO)
                .withTtl(Duration.ofSeconds(4))
                .build());
        IdempotentConsumer consumer =
                started(consuming(topic).withThreads(3, ProcessingOrder.KEY), shortLived, (record, execution) -> {
                    if (record.value().equals("stuck")) {
                        goOn.await();
                    }
                    run(record, execution);
                });
        await().atMost(PATIENCE).until(() -> consumer.oldestUncommittedAge().toMillis() > 2_500);
        send(topic, 0, "other", "id-other", "other");
        await().during(Duration.ofSeconds(2)).atMost(PATIENCE).until(done::isEmpty);
        goOn.countDown();
        awaitCommitted(topic, 1, 2);
        assertThat(done).containsExactly("stuck", "other");
    }

    @Test
    void partitions_openRecordsAreLarge_areNotReadBeyondTheBound() throws Exception {
        String topic = topic("heavy", 2);
        CountDownLatch goOn = new CountDownLatch(1);
        String large = "x".repeat(10_000);
        for (int i = 0; i < 60; i++) {
            send(topic, i % 2, "k" + i, "id-" + i, i + large);
        }
        Map<String, Object> configs = new HashMap<>(configs(topic));
        configs.put("max.poll.records", 2);
        AtomicInteger keys = new AtomicInteger();
        started(
                consuming(configs, topic)
                        .withThreads(3, ProcessingOrder.KEY)
                        .withMaxInFlightBytes(100_000)
                        .withKey(view -> {
                            keys.incrementAndGet();
                            return io.dedup.key.KeyExtractors.header("idempotency-key")
                                    .extract(view);
                        }),
                handler(),
                (record, execution) -> {
                    goOn.await();
                    run(record, execution);
                });
        await().atMost(PATIENCE).until(() -> keys.get() == 3);
        // Three are being handled; what was read waits behind them, and its lanes are not begun.
        await().during(Duration.ofSeconds(2)).atMost(PATIENCE).until(() -> keys.get() == 3);
        goOn.countDown();
        awaitCommitted(topic, 2, 60);
        assertThat(runs).hasSize(60);
    }

    // Dead letters

    @Test
    void deadLetter_tooLargeForItsTopic_isSentWithoutItsValue() throws Exception {
        String topic = "large-letters";
        BROKER.admin()
                .createTopics(List.of(
                        new NewTopic(topic, 1, (short) 1),
                        new NewTopic(topic + "-dead", 1, (short) 1)
                                .configs(Map.of(TopicConfig.MAX_MESSAGE_BYTES_CONFIG, "2000"))))
                .all()
                .get();
        send(topic, 0, "k", "id-1", "v".repeat(5_000));
        send(topic, 0, "k".repeat(5_000), "id-2", "v");
        send(topic, 0, "k", "id-3", "next");
        started(consuming(topic), handler(), (record, execution) -> {
            if (!record.value().equals("next")) {
                throw new IOException("broken pipe");
            }
            run(record, execution);
        });
        awaitCommitted(topic, 1, 3);
        assertThat(done).containsExactly("next");
        List<ConsumerRecord<String, String>> letters = read(topic + "-dead");
        assertThat(letters).hasSize(2).allSatisfy(letter -> {
            assertThat(letter.value()).isNull();
            assertThat(header(letter, "__dedup.topic")).isEqualTo(topic);
            assertThat(header(letter, "__dedup.reason")).isEqualTo("failed");
        });
        assertThat(header(letters.get(0), "__dedup.value.omitted")).isEqualTo("5000");
        assertThat(letters.get(0).key()).isEqualTo("k");
        assertThat(header(letters.get(0), "idempotency-key")).isEqualTo("id-1");
        assertThat(header(letters.get(1), "__dedup.key.omitted")).isEqualTo("5000");
        assertThat(header(letters.get(1), "__dedup.offset")).isEqualTo("1");
    }

    @Test
    void start_deadLetterTopicCannotBe_isRefusedAndSaysSo() throws Exception {
        String topic = topic("no-letters", 1);
        IdempotentConsumerBuilder<String, String> builder = consuming(topic).withDeadLetters("no such topic!");
        assertThatIllegalStateException()
                .isThrownBy(() -> builder.start(handler(), this::run))
                .withMessageContaining("no such topic!")
                .withMessageContaining("create it");
    }

    @Test
    void requireTopic_missingAndNotCreatedByBrokers_isRefusedAndSaysSo() {
        try (MockProducer<byte[], byte[]> producer = new MockProducer<>() {
            @Override
            public List<PartitionInfo> partitionsFor(String topic) {
                throw new TimeoutException("Topic " + topic + " not present in metadata after 10000 ms.");
            }
        }) {
            DeadLetters letters = new DeadLetters(producer, "nowhere", "g");
            assertThatIllegalStateException()
                    .isThrownBy(() -> letters.requireTopic(Map.of("bootstrap.servers", BROKER.bootstrapServers())))
                    .withMessageContaining("nowhere does not exist")
                    .withMessageContaining("create it");
        }
    }

    /** Another attempt at the same operation, and the same for the system that has the effect. */
    @Test
    void deadLetter_consumedFromItsTopic_hasTheSameDownstreamKey() throws Exception {
        String topic = topic("first-try", 1);
        topic("first-try-dead", "first-try-dead-dead");
        send(topic, 0, "k", "id-1", "v1");
        Map<String, String> downstream = new ConcurrentHashMap<>();
        List<Execution<?>> executions = new CopyOnWriteArrayList<>();
        started(consuming(topic), handler(), (record, execution) -> {
            downstream.put("first", execution.downstreamKey("charge"));
            throw new IOException("broken pipe");
        });
        awaitCommitted(topic, 1, 1);
        Map<String, Object> configs = new HashMap<>(configs("repair"));
        started(
                IdempotentConsumer.subscribing(configs, topic + "-dead")
                        .withDeserializers(new StringDeserializer(), new StringDeserializer())
                        .withRetries(QUICK)
                        .withDeadLetters(topic + "-dead-dead"),
                handler(),
                (record, execution) -> {
                    executions.add(execution);
                    downstream.put("second", execution.downstreamKey("charge"));
                    run(record, execution);
                });
        await().atMost(PATIENCE).until(() -> done.size() == 1);
        assertThat(downstream.get("second")).isEqualTo(downstream.get("first"));
        assertThat(executions.get(0).attempt()).as("counted from one again").isEqualTo(1);
    }

    private static void topic(String existing, String other) throws Exception {
        assertThat(existing).isNotEqualTo(other);
        BROKER.admin()
                .createTopics(List.of(new NewTopic(other, 1, (short) 1)))
                .all()
                .get();
    }
}
