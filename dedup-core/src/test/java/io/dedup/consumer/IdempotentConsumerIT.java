// SPDX-License-Identifier: Apache-2.0
package io.dedup.consumer;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.awaitility.Awaitility.await;

import io.dedup.handler.IdempotentHandler;
import io.dedup.handler.OnFailure;
import io.dedup.handler.Outcome;
import io.dedup.key.Fingerprinter;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Members of consumer groups on a real broker. */
class IdempotentConsumerIT extends ConsumerFixture {
    @Test
    void start_duplicatesAmongTheRecords_eachKeyIsHandledOnceAndAllIsCommitted() throws Exception {
        String topic = topic("once", 2);
        for (int i = 0; i < 50; i++) {
            send(topic, i % 2, "k" + i % 10, "id-" + i % 20, "v" + i % 20);
        }
        IdempotentConsumer consumer = started(consuming(topic), handler(), this::run);
        awaitCommitted(topic, 2, 50);
        assertThat(runs)
                .hasSize(20)
                .allSatisfy((value, times) -> assertThat(times).isEqualTo(1));
        assertThat(consumer.failure()).isEmpty();
    }

    @Test
    void start_onlyMarkersAtTheEnd_areCommittedToo() throws Exception {
        String topic = topic("markers", 1);
        Map<String, Object> configs = Map.of("bootstrap.servers", BROKER.bootstrapServers(), "transactional.id", topic);
        try (var transactional = new KafkaProducer<>(configs, new StringSerializer(), new StringSerializer())) {
            transactional.initTransactions();
            transactional.beginTransaction();
            transactional.send(record(topic, 0, null, "id", "v")).get();
            transactional.commitTransaction();
        }
        started(consuming(topic), handler(), this::run);
        awaitCommitted(topic, 1, 2);
    }

    @Test
    void start_operationFails_isTriedAgainInOrderAndThenDone() throws Exception {
        String topic = topic("retry", 1);
        for (int i = 0; i < 5; i++) {
            send(topic, 0, "k" + i, "id-" + i, "v" + i);
        }
        started(consuming(topic).withThreads(4, ProcessingOrder.PARTITION), handler(), (record, execution) -> {
            if (record.value().equals("v2") && execution.attempt() < 3) {
                throw new IOException("not yet");
            }
            run(record, execution);
        });
        awaitCommitted(topic, 1, 5);
        assertThat(done).containsExactly("v0", "v1", "v2", "v3", "v4");
        assertThat(read(topic + "-dead")).isEmpty();
    }

    @Test
    void start_operationKeepsFailing_isDeadLetteredAndTheNextIsHandled() throws Exception {
        String topic = topic("poison", 1);
        send(topic, 0, "k", "id-1", "bad");
        send(topic, 0, "k", "id-2", "good");
        AtomicInteger attempts = new AtomicInteger();
        started(consuming(topic), handler(), (record, execution) -> {
            if (record.value().equals("bad")) {
                attempts.incrementAndGet();
                throw new IOException("broken pipe");
            }
            run(record, execution);
        });
        awaitCommitted(topic, 1, 2);
        assertThat(attempts).hasValue(3);
        assertThat(done).containsExactly("good");
        assertThat(read(topic + "-dead")).singleElement().satisfies(letter -> {
            assertThat(letter.value()).isEqualTo("bad");
            assertThat(letter.key()).isEqualTo("k");
            assertThat(header(letter, "idempotency-key")).isEqualTo("id-1");
            assertThat(header(letter, "__dedup.reason")).isEqualTo("failed");
            assertThat(header(letter, "__dedup.offset")).isEqualTo("0");
            assertThat(header(letter, "__dedup.topic")).isEqualTo(topic);
            assertThat(header(letter, "__dedup.exception")).isEqualTo("java.io.IOException");
        });
    }

    /** The count is in the store: a record that takes its process with it is not tried for ever. */
    @Test
    void start_ownersHaveDiedOverIt_isDeadLetteredWithoutBeingRun() throws Exception {
        String topic = topic("deadly", 1);
        send(topic, 0, "k", "id-1", "deadly");
        IdempotentHandler<Void> dying = opened(IdempotentHandler.on(store, "test")
                .withLease(Duration.ofMillis(20))
                .build());
        for (int i = 0; i < 3; i++) {
            store.abandon("test/deadly/deadly", "id-1");
        }
        started(consuming(topic), dying, this::run);
        awaitCommitted(topic, 1, 1);
        assertThat(runs).isEmpty();
        assertThat(read(topic + "-dead"))
                .singleElement()
                .satisfies(
                        letter -> assertThat(header(letter, "__dedup.message")).contains("3 times"));
    }

    /** Whoever sends a dead letter again means it to be tried again. */
    @Test
    void start_deadLetterIsSentAgain_isTriedAnew() throws Exception {
        String topic = topic("redriven", 1);
        AtomicBoolean broken = new AtomicBoolean(true);
        send(topic, 0, "k", "id-1", "v1");
        started(consuming(topic), handler(), (record, execution) -> {
            if (broken.get()) {
                throw new IOException("broken pipe");
            }
            run(record, execution);
        });
        awaitCommitted(topic, 1, 1);
        assertThat(read(topic + "-dead")).hasSize(1);
        broken.set(false);
        send(topic, 0, "k", "id-1", "v1");
        awaitCommitted(topic, 1, 2);
        assertThat(done).containsExactly("v1");
        assertThat(read(topic + "-dead")).hasSize(1);
    }

    @Test
    void start_keyTooLongForAnyStore_isDeadLetteredAndTheNextIsHandled() throws Exception {
        String topic = topic("long-key", 1);
        send(topic, 0, "k", "x".repeat(2000), "long");
        send(topic, 0, "k", "id-1", "next");
        started(consuming(topic), handler(), this::run);
        awaitCommitted(topic, 1, 2);
        assertThat(read(topic + "-dead")).extracting(ConsumerRecord::value).containsExactly("long");
        assertThat(done).containsExactly("next");
    }

    @Test
    void start_twoTopicsAndTwoGroupsWithTheSameKey_areFourOperations() throws Exception {
        String one = topic("scoped-one", 1);
        String two = topic("scoped-two", 1);
        send(one, 0, "k", "id-1", "v1");
        send(two, 0, "k", "id-1", "v2");
        IdempotentHandler<Void> handler = handler();
        for (String group : List.of("scoped-a", "scoped-b")) {
            Map<String, Object> configs = new HashMap<>(configs(group));
            started(
                    IdempotentConsumer.subscribing(configs, one, two)
                            .withDeserializers(new StringDeserializer(), new StringDeserializer()),
                    handler,
                    this::run);
        }
        await().atMost(PATIENCE).until(() -> done.size() == 4);
        assertThat(runs).containsOnly(Map.entry("v1", 2), Map.entry("v2", 2));
    }

    @Test
    void start_deserializerTakesHeadersAway_retryAndDeadLetterStillHaveThem() throws Exception {
        String topic = topic("greedy", 1);
        send(topic, 0, "k", "id-1", "v1");
        Deserializer<String> greedy = new StringDeserializer() {
            @Override
            public String deserialize(String name, org.apache.kafka.common.header.Headers headers, byte[] bytes) {
                assertThat(headers.lastHeader("idempotency-key")).isNotNull();
                headers.remove("idempotency-key");
                return new String(bytes, UTF_8);
            }
        };
        started(
                IdempotentConsumer.subscribing(configs(topic), topic)
                        .withDeserializers(new StringDeserializer(), greedy)
                        .withRetries(QUICK)
                        .withDeadLetters(topic + "-dead"),
                handler(),
                (record, execution) -> {
                    throw new IOException("broken pipe");
                });
        awaitCommitted(topic, 1, 1);
        assertThat(read(topic + "-dead")).singleElement().satisfies(letter -> {
            assertThat(header(letter, "__dedup.reason")).isEqualTo("failed");
            assertThat(header(letter, "idempotency-key")).isEqualTo("id-1");
        });
    }

    @Test
    void start_handlerIsClosed_stopsAndLosesNothing() throws Exception {
        String topic = topic("closed", 1);
        send(topic, 0, "k", "id-1", "v1");
        IdempotentHandler<Void> closed = handler();
        closed.close();
        IdempotentConsumer consumer = started(consuming(topic), closed, this::run);
        assertThat(consumer.awaitEnd(PATIENCE)).isTrue();
        assertThat(consumer.failure()).isPresent();
        assertThat(committed(topic, 1)).isZero();
        assertThat(read(topic + "-dead")).isEmpty();
    }

    @Test
    void start_nonRetryableFailure_isNotTriedAgain() throws Exception {
        String topic = topic("non-retryable", 1);
        send(topic, 0, "k", "id-1", "bad");
        AtomicInteger attempts = new AtomicInteger();
        started(consuming(topic).withoutRetryOf(IOException.class), handler(), (record, execution) -> {
            attempts.incrementAndGet();
            throw new java.io.FileNotFoundException("gone");
        });
        awaitCommitted(topic, 1, 1);
        assertThat(attempts).hasValue(1);
        assertThat(read(topic + "-dead")).hasSize(1);
    }

    @Test
    void start_recordsThatCannotBeHandled_areDeadLetteredWithTheReason() throws Exception {
        String topic = topic("odd", 1);
        send(topic, 0, "k", null, "no key");
        send(topic, 0, "k", "id-1", "unreadable");
        send(topic, 0, "k", "id-2", "first");
        send(topic, 0, "k", "id-2", "other payload");
        send(topic, 0, "k", "id-3", "unknown");
        send(topic, 0, "k", "id-3", "unknown");
        Deserializer<String> picky = (name, bytes) -> {
            String text = new String(bytes, UTF_8);
            if (text.equals("unreadable")) {
                throw new org.apache.kafka.common.errors.SerializationException("not a payment");
            }
            return text;
        };
        IdempotentHandler<Void> handler = opened(IdempotentHandler.on(store, "test")
                .withWait(Duration.ZERO)
                .withFailure(IOException.class, OnFailure.unknown())
                .build());
        started(
                IdempotentConsumer.subscribing(configs(topic), topic)
                        .withDeserializers(new StringDeserializer(), picky)
                        .withFingerprint(Fingerprinter.wholeValue())
                        .withRetries(QUICK)
                        .withDeadLetters(topic + "-dead"),
                handler,
                (record, execution) -> {
                    if (record.value().equals("unknown")) {
                        throw new IOException("no answer");
                    }
                    run(record, execution);
                });
        awaitCommitted(topic, 1, 6);
        assertThat(read(topic + "-dead"))
                .extracting(letter -> letter.value() + ": " + header(letter, "__dedup.reason"))
                .containsExactly(
                        "no key: missing-key:absent",
                        "unreadable: unreadable",
                        "other payload: conflict",
                        "unknown: unknown-outcome",
                        "unknown: unknown-outcome");
        assertThat(done).containsExactly("first");
    }

    @Test
    void start_noDeadLetterTopic_stopsAndCommitsNothingOfIt() throws Exception {
        String topic = topic("strict", 1);
        send(topic, 0, "k", "id-1", "fine");
        send(topic, 0, "k", null, "no key");
        IdempotentConsumer consumer = started(
                IdempotentConsumer.subscribing(configs(topic), topic)
                        .withDeserializers(new StringDeserializer(), new StringDeserializer()),
                handler(),
                this::run);
        assertThat(consumer.awaitEnd(PATIENCE)).isTrue();
        assertThat(consumer.failure())
                .hasValueSatisfying(cause ->
                        assertThat(cause).hasMessageContaining(topic + "-0@1").hasMessageContaining("missing-key"));
        assertThat(committed(topic, 1)).isEqualTo(1);
    }

    @Test
    void start_tombstonesAndNullKeys_areHandled() throws Exception {
        String topic = topic("nulls", 1);
        send(topic, 0, null, "id-1", null);
        AtomicBoolean nulls = new AtomicBoolean();
        started(consuming(topic), handler(), (record, execution) -> {
            nulls.set(record.key() == null && record.value() == null);
        });
        awaitCommitted(topic, 1, 1);
        assertThat(nulls).isTrue();
    }

    @Test
    void start_orderOfKeys_aSlowOneHoldsUpOnlyItsOwnAndNothingBeyondItIsCommitted() throws Exception {
        String topic = topic("by-key", 1);
        CountDownLatch goOn = new CountDownLatch(1);
        send(topic, 0, "slow", "id-0", "slow-1");
        send(topic, 0, "slow", "id-1", "slow-2");
        for (int i = 0; i < 20; i++) {
            send(topic, 0, "k" + i, "other-" + i, "v" + i);
        }
        started(consuming(topic).withThreads(3, ProcessingOrder.KEY), handler(), (record, execution) -> {
            if (record.value().equals("slow-1")) {
                goOn.await();
            }
            run(record, execution);
        });
        await().atMost(PATIENCE).until(() -> done.size() == 20);
        assertThat(done).doesNotContain("slow-1", "slow-2");
        assertThat(committed(topic, 1)).isZero();
        goOn.countDown();
        awaitCommitted(topic, 1, 22);
        assertThat(done.subList(20, 22)).containsExactly("slow-1", "slow-2");
    }

    /** It polls while it works, and reads no more than it can hold. */
    @Test
    void start_operationTakesLongerThanThePollInterval_staysInItsGroup() throws Exception {
        String topic = topic("slow", 1);
        for (int i = 0; i < 40; i++) {
            send(topic, 0, "k", "id-" + i, "v" + i);
        }
        CountDownLatch goOn = new CountDownLatch(1);
        Map<String, Object> configs = new HashMap<>(configs(topic));
        configs.put("max.poll.interval.ms", 2_000);
        configs.put("max.poll.records", 5);
        started(
                IdempotentConsumer.subscribing(configs, topic)
                        .withDeserializers(new StringDeserializer(), new StringDeserializer())
                        .withMaxInFlight(10),
                handler(),
                (record, execution) -> {
                    goOn.await();
                    run(record, execution);
                });
        await().atMost(PATIENCE).until(() -> members(topic) == 1);
        await().during(Duration.ofSeconds(4)).atMost(PATIENCE).until(() -> members(topic) == 1);
        goOn.countDown();
        awaitCommitted(topic, 1, 40);
        assertThat(runs).allSatisfy((value, times) -> assertThat(times).isEqualTo(1));
    }

    @Test
    void start_storeIsAway_recordsWaitAndNothingIsLost() throws Exception {
        String topic = topic("outage", 1);
        store.down.set(true);
        send(topic, 0, "k", "id-1", "v1");
        send(topic, 0, "k", "id-1", "v1");
        started(consuming(topic), handler(), this::run);
        await().atMost(PATIENCE).until(() -> store.refused.get() > 3);
        assertThat(committed(topic, 1)).isZero();
        store.down.set(false);
        awaitCommitted(topic, 1, 2);
        assertThat(runs).containsOnly(Map.entry("v1", 1));
        assertThat(read(topic + "-dead")).isEmpty();
    }

    @Test
    void close_recordIsBeingWorkedOn_isFinishedAndCommitted() throws Exception {
        String topic = topic("drain", 1);
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        send(topic, 0, "k", "id-1", "v1");
        send(topic, 0, "k", "id-2", "v2");
        IdempotentConsumer consumer = started(consuming(topic), handler(), (record, execution) -> {
            begun.countDown();
            goOn.await();
            run(record, execution);
        });
        begun.await();
        CompletableFuture<Void> closed = CompletableFuture.runAsync(consumer::close);
        assertThat(closed).as("while a record is being worked on").isNotDone();
        goOn.countDown();
        assertThat(closed).succeedsWithin(PATIENCE);
        assertThat(done).startsWith("v1");
        assertThat(committed(topic, 1)).as("all that was begun").isEqualTo(done.size());
        assertThat(members(topic)).isZero();
    }

    @ParameterizedTest
    @ValueSource(strings = {"classic", "consumer"})
    void rebalances_membersComeAndGo_everyKeyIsHandledOnce(String protocol) throws Exception {
        // Given
        String topic = topic("moving-" + protocol, 6);
        Map<String, Object> configs = new HashMap<>(configs(topic));
        configs.put("group.protocol", protocol);
        configs.put("max.poll.records", 10);
        int keys = 300;
        IdempotentHandler<Void> handler = handler();
        // When
        List<IdempotentConsumer> members = new ArrayList<>();
        for (int i = 0; i < keys; i++) {
            send(topic, i % 6, "k" + i, "id-" + i, "v" + i);
            if (i % 3 == 0) {
                send(topic, (i + 1) % 6, "k" + i, "id-" + i, "v" + i);
            }
            if (i % 75 == 0) {
                members.add(started(
                        IdempotentConsumer.subscribing(configs, topic)
                                .withDeserializers(new StringDeserializer(), new StringDeserializer())
                                .withRetries(QUICK)
                                .withDeadLetters(topic + "-dead"),
                        handler,
                        this::run));
            }
            if (i % 100 == 99) {
                members.remove(0).close();
            }
        }
        // Then
        awaitCommitted(topic, 6, keys + keys / 3);
        assertThat(runs)
                .hasSize(keys)
                .allSatisfy((value, times) -> assertThat(times).isEqualTo(1));
        assertThat(read(topic + "-dead")).isEmpty();
    }

    /** The next member does not even see what was being worked on: it was finished and committed before. */
    @Test
    void rebalance_recordsAreBeingWorkedOn_areFinishedAndCommittedBeforeTheyMove() throws Exception {
        // Given
        String topic = topic("handing-over", 2);
        CountDownLatch begun = new CountDownLatch(2);
        CountDownLatch goOn = new CountDownLatch(1);
        List<Outcome<?>> elsewhere = new CopyOnWriteArrayList<>();
        send(topic, 0, "k0", "id-0", "v0");
        send(topic, 1, "k1", "id-1", "v1");
        started(consuming(topic), handler(), (record, execution) -> {
            begun.countDown();
            goOn.await();
            run(record, execution);
        });
        begun.await();
        // When
        started(consuming(topic), handlerTelling(elsewhere), this::run);
        await().during(Duration.ofSeconds(4)).atMost(PATIENCE).until(elsewhere::isEmpty);
        goOn.countDown();
        // Then
        awaitCommitted(topic, 2, 2);
        await().atMost(PATIENCE).until(() -> members(topic) == 2);
        assertThat(runs).containsOnly(Map.entry("v0", 1), Map.entry("v1", 1));
        assertThat(elsewhere).as("what the other member was given").isEmpty();
    }

    @Test
    void start_withoutAGroup_isRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> IdempotentConsumer.subscribing(
                                Map.of("bootstrap.servers", BROKER.bootstrapServers()), "t")
                        .start(handler(), (record, execution) -> {}))
                .withMessageContaining("group.id");
    }
}
