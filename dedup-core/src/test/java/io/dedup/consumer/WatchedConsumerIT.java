// SPDX-License-Identifier: Apache-2.0
package io.dedup.consumer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.awaitility.Awaitility.await;

import io.dedup.consumer.ConsumerHealth.State;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Pattern;
import javax.management.JMException;
import javax.management.ObjectName;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is seen of a consumer from outside, and what it is given to read. */
class WatchedConsumerIT extends ConsumerFixture {
    // Counts

    @Test
    void counts_recordsOfEachKind_areInJmxAndInMicrometer() throws Exception {
        // Given
        String topic = topic("counted", 1);
        send(topic, 0, "k", "id-1", "fine");
        send(topic, 0, "k", "id-1", "fine");
        send(topic, 0, "k", "id-2", "bad");
        send(topic, 0, "k", null, "no key");
        send(topic, 0, "k", "id-3", "waits");
        send(topic, 0, "k", "id-4", "behind it");
        CountDownLatch goOn = new CountDownLatch(1);
        // When
        IdempotentConsumer consumer = started(named(topic), handler(), (record, execution) -> {
            if (record.value().equals("bad")) {
                throw new IOException("broken pipe");
            } else if (record.value().equals("waits")) {
                goOn.await();
            }
            run(record, execution);
        });
        SimpleMeterRegistry registry = new SimpleMeterRegistry();
        ConsumerMetrics metrics = new ConsumerMetrics(consumer);
        metrics.bindTo(registry);
        // Then
        await().atMost(PATIENCE).until(() -> consumer.lag().orElse(-1) == 2);
        assertThat(consumer.inFlight()).isEqualTo(2);
        assertThat(jmx(topic, "handled-total")).isEqualTo(1);
        assertThat(jmx(topic, "replayed-total")).isEqualTo(1);
        assertThat(jmx(topic, "retries-total")).isEqualTo(2);
        assertThat(jmx(topic, "dead-letters-total")).isEqualTo(2);
        assertThat(jmx(topic, "in-flight")).isEqualTo(2);
        assertThat(jmx(topic, "lag")).isEqualTo(2);
        assertThat(jmx(topic, "holding")).isEqualTo(0);
        assertThat(registry.get("dedup.consumer.replayed")
                        .tag("client.id", topic)
                        .functionCounter()
                        .count())
                .isEqualTo(1);
        assertThat(registry.get("dedup.consumer.in.flight").gauge().value()).isEqualTo(2);
        await().atMost(PATIENCE)
                .until(() -> registry.get("dedup.consumer.oldest.uncommitted.age")
                                .timeGauge()
                                .value(TimeUnit.MILLISECONDS)
                        > 0);
        goOn.countDown();
        await().atMost(PATIENCE).until(() -> consumer.lag().orElse(-1) == 0 && consumer.inFlight() == 0);
        assertThat(jmx(topic, "handled-total")).isEqualTo(3);
        consumer.close();
        assertThat(consumer.lag()).isEmpty();
        metrics.close();
        assertThat(registry.getMeters()).isEmpty();
    }

    // Health and events

    @ParameterizedTest
    @ValueSource(strings = {"classic", "consumer"})
    void health_membersOfAGroup_areJoiningThenRunningAlsoWithoutAPartitionThenClosed(String protocol) throws Exception {
        String topic = topic("healthy-" + protocol, 1);
        Map<String, Object> configs = new HashMap<>(configs(topic));
        configs.put("group.protocol", protocol);
        List<IdempotentConsumer> members = List.of(
                started(consuming(configs, topic), handler(), this::run),
                started(consuming(configs, topic), handler(), this::run));
        assertThat(members.get(1).health().state()).isEqualTo(State.JOINING);
        for (IdempotentConsumer member : members) {
            await().atMost(PATIENCE).until(() -> member.health().isReady());
            assertThat(member.health()).isEqualTo(ConsumerHealth.of(State.RUNNING));
        }
        members.get(0).close();
        assertThat(members.get(0).health()).isEqualTo(ConsumerHealth.of(State.CLOSED));
    }

    @Test
    void close_recordIsBeingWorkedOn_isClosingUntilTheEndAndEndIsHeardOnce() throws Exception {
        // Given
        String topic = topic("watched-end", 1);
        send(topic, 0, "k", "id-1", "v1");
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        List<Optional<Throwable>> ends = new CopyOnWriteArrayList<>();
        IdempotentConsumer consumer = started(
                consuming(topic)
                        .onEnd(failure -> {
                            throw new IllegalStateException("broken listener");
                        })
                        .onEnd(ends::add),
                handler(),
                (record, execution) -> {
                    begun.countDown();
                    goOn.await();
                    run(record, execution);
                });
        begun.await();
        // When
        CompletableFuture<Void> closed = CompletableFuture.runAsync(consumer::close);
        // Then
        await().atMost(PATIENCE).until(() -> consumer.health().state() == State.CLOSING);
        assertThat(ends).isEmpty();
        goOn.countDown();
        assertThat(closed).succeedsWithin(PATIENCE);
        await().atMost(PATIENCE).until(() -> !ends.isEmpty());
        consumer.close();
        assertThat(ends).containsExactly(Optional.empty());
        assertThat(committed(topic, 1)).isEqualTo(1);
    }

    /** As a handler that ends the process does, whose hook closes the consumer. */
    @Test
    void ended_consumerHasFailed_hearsTheCauseAndMayCloseIt() throws Exception {
        String topic = topic("watched-failure", 1);
        send(topic, 0, "k", null, "no key");
        CompletableFuture<IdempotentConsumer> started = new CompletableFuture<>();
        CompletableFuture<ConsumerHealth> last = new CompletableFuture<>();
        started.complete(started(
                IdempotentConsumer.subscribing(configs(topic), topic)
                        .withDeserializers(new StringDeserializer(), new StringDeserializer())
                        .onEvent(new ConsumerListener() {
                            @Override
                            public void ended(@Nullable Throwable failure) {
                                IdempotentConsumer consumer = started.join();
                                consumer.close();
                                last.complete(consumer.health());
                            }
                        }),
                handler(),
                this::run));
        assertThat(last).succeedsWithin(PATIENCE).satisfies(health -> {
            assertThat(health.state()).isEqualTo(State.FAILED);
            assertThat(health.isLive()).isFalse();
            assertThat(health.failure()).isEqualTo(started.join().failure());
            assertThat(health.reason())
                    .hasValueSatisfying(why -> assertThat(why).contains("missing-key"));
        });
    }

    @Test
    void health_storeIsAway_isLiveAndNotReadyUntilItIsBack() throws Exception {
        String topic = topic("watched-outage", 1);
        store.down.set(true);
        send(topic, 0, "k", "id-1", "v1");
        IdempotentConsumer consumer = started(consuming(topic), handler(), this::run);
        await().atMost(PATIENCE).until(() -> consumer.health().state() == State.STORE_UNAVAILABLE);
        assertThat(consumer.health().isLive()).isTrue();
        assertThat(consumer.health().isReady()).isFalse();
        assertThat(consumer.health().reason())
                .hasValueSatisfying(why -> assertThat(why).contains("The store is down"));
        store.down.set(false);
        await().atMost(PATIENCE).until(() -> consumer.health().isReady());
        awaitCommitted(topic, 1, 1);
    }

    @Test
    void health_everythingFails_holdsAndTriesOneRecordAtATimeUntilOneSucceeds() throws Exception {
        // Given
        String topic = topic("watched-hold", 1);
        int records = 12;
        for (int i = 0; i < records; i++) {
            send(topic, 0, "k" + i, "id-" + i, "v" + i);
        }
        AtomicBoolean down = new AtomicBoolean(true);
        AtomicBoolean held = new AtomicBoolean();
        CountDownLatch never = new CountDownLatch(1);
        AtomicInteger running = new AtomicInteger();
        AtomicInteger mostAtOnce = new AtomicInteger();
        AtomicInteger attempts = new AtomicInteger();
        List<String> heard = new CopyOnWriteArrayList<>();
        IdempotentConsumer consumer = started(
                named(topic)
                        .withThreads(4, ProcessingOrder.KEY)
                        .withMaxDeadLettersInARow(2)
                        .onEvent(new ConsumerListener() {
                            @Override
                            public void retried(
                                    ConsumerRecord<byte[], byte[]> record,
                                    @Nullable Throwable failure,
                                    Duration pause) {
                                assertThat(failure).hasMessage("the provider is down");
                            }

                            @Override
                            public void deadLettered(
                                    ConsumerRecord<byte[], byte[]> record, String reason, @Nullable Throwable failure) {
                                heard.add(reason + ": " + failure);
                            }

                            @Override
                            public void holding(boolean holds) {
                                heard.add("holding " + holds);
                            }
                        }),
                handler(),
                (record, execution) -> {
                    // What was begun before is not counted: its thread may have been halted since.
                    int counted = held.get() ? 1 : 0;
                    mostAtOnce.accumulateAndGet(running.addAndGet(counted), Math::max);
                    try {
                        attempts.incrementAndGet();
                        if (down.get()) {
                            // As long as a refusal takes, so that two that run at once meet.
                            never.await(20, TimeUnit.MILLISECONDS);
                            throw new IOException("the provider is down");
                        }
                        run(record, execution);
                        return;
                    } finally {
                        running.addAndGet(-counted);
                    }
                });
        // When
        await().atMost(PATIENCE).until(() -> consumer.health().state() == State.HOLDING);
        int before = attempts.get();
        await("what was begun before has ended").atMost(PATIENCE).until(() -> attempts.get() >= before + 10);
        held.set(true);
        await().atMost(PATIENCE).until(() -> attempts.get() >= before + 40);
        // Then
        assertThat(mostAtOnce).as("while records are held").hasValue(1);
        assertThat(consumer.health().isLive()).isTrue();
        assertThat(consumer.health().isReady()).isFalse();
        assertThat(consumer.health().reason())
                .contains("Records that were given up in a row, with no success in between: 2");
        assertThat(jmx(topic, "holding")).isEqualTo(1);
        held.set(false);
        down.set(false);
        awaitCommitted(topic, 1, records);
        assertThat(done).hasSize(records - 2);
        await().atMost(PATIENCE).until(() -> consumer.health().isReady());
        String failed = "failed: java.io.IOException: the provider is down";
        assertThat(heard).containsExactlyInAnyOrder(failed, failed, "holding true", "holding false");
    }

    @Test
    @Tag("needs-kafka-4.2")
    void shareGroup_memberOfIt_isWatchedAsWell() throws Exception {
        String topic = topic("watched-share", 1);
        List<Optional<Throwable>> ends = new CopyOnWriteArrayList<>();
        CountDownLatch goOn = new CountDownLatch(1);
        ShareGroupIT.shareGroup(topic, 10_000);
        send(topic, 0, "k", "id-1", "v1");
        IdempotentConsumer consumer = opened(named(topic)
                .withThreads(2, ProcessingOrder.PARTITION)
                .onEnd(ends::add)
                .startInShareGroup(handler(), (record, execution) -> {
                    goOn.await();
                    run(record, execution);
                }));
        await().atMost(PATIENCE).until(() -> consumer.inFlight() == 1);
        await().atMost(PATIENCE).until(() -> consumer.health().isReady());
        assertThat(consumer.lag()).isEmpty();
        assertThat(jmx(topic, "lag")).isNaN();
        goOn.countDown();
        await().atMost(PATIENCE).until(() -> consumer.inFlight() == 0);
        consumer.close();
        await().atMost(PATIENCE).until(() -> !ends.isEmpty());
        assertThat(ends).containsExactly(Optional.empty());
        assertThat(consumer.health().state()).isEqualTo(State.CLOSED);
    }

    // What is read, and with what

    @ParameterizedTest
    @ValueSource(strings = {"classic", "consumer"})
    void subscribing_pattern_readsTopicsThatAreCreatedLaterButNotItsDeadLetters(String protocol) throws Exception {
        // Given
        String prefix = "by-pattern-" + protocol;
        String first = topic(prefix + "-a", 1);
        send(first, 0, "k", "id-1", "v1");
        send(first, 0, "k", null, "no key");
        Properties defaults = new Properties();
        configs(prefix).forEach((name, value) -> defaults.setProperty(name, value.toString()));
        Properties properties = new Properties(defaults);
        properties.put("metadata.max.age.ms", 300);
        properties.setProperty("group.protocol", protocol);
        // When
        IdempotentConsumer consumer = started(
                IdempotentConsumer.subscribing(properties, Pattern.compile(prefix + "-.*"))
                        .withDeserializers(new StringDeserializer(), new StringDeserializer())
                        .withDeadLetters(first + "-dead"),
                handler(),
                this::run);
        await().atMost(PATIENCE).until(() -> done.contains("v1"));
        String second = topic(prefix + "-b", 1);
        send(second, 0, "k", "id-2", "v2");
        // Then
        await().atMost(PATIENCE).until(() -> done.contains("v2"));
        await().atMost(PATIENCE).until(() -> committedOf(prefix, first) == 2 && committedOf(prefix, second) == 1);
        assertThat(read(first + "-dead"))
                .as("dead-lettered once, and not read again")
                .hasSize(1);
        assertThat(committedOf(prefix, first + "-dead")).isEqualTo(-1);
        assertThat(consumer.failure()).isEmpty();
    }

    @Test
    void start_subscribedToItsDeadLetters_isRefused() throws Exception {
        String topic = topic("own-letters", 1);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> IdempotentConsumer.subscribing(configs(topic), topic, topic + "-dead")
                        .withDeadLetters(topic + "-dead")
                        .start(handler(), (record, execution) -> {}))
                .withMessageContaining(topic + "-dead");
    }

    /** Keeps what it was configured with, and that it was closed. */
    public static final class Registered extends StringDeserializer {
        static final List<String> EVENTS = Collections.synchronizedList(new ArrayList<>());
        private String name = "";

        @Override
        public void configure(Map<String, ?> configs, boolean isKey) {
            name = configs.get("registry.name") + (isKey ? " of keys" : " of values");
            EVENTS.add(name + " is configured");
            super.configure(configs, isKey);
        }

        @Override
        public void close() {
            EVENTS.add(name + " is closed");
        }
    }

    @Test
    void withConfiguredDeserializers_namedInTheProperties_areConfiguredUsedAndClosed() throws Exception {
        String topic = topic("configured", 1);
        send(topic, 0, "k", "id-1", "v1");
        Map<String, Object> configs = new HashMap<>(configs(topic));
        configs.put("registry.name", "ours");
        configs.put("key.deserializer", Registered.class);
        configs.put("value.deserializer", Registered.class.getName());
        IdempotentConsumer consumer = started(
                IdempotentConsumer.subscribing(configs, topic)
                        .withThreads(2, ProcessingOrder.PARTITION)
                        .<String, String>withConfiguredDeserializers(),
                handler(),
                this::run);
        awaitCommitted(topic, 1, 1);
        assertThat(done).containsExactly("v1");
        assertThat(Registered.EVENTS).noneMatch(event -> event.endsWith("closed"));
        consumer.close();
        assertThat(Registered.EVENTS)
                .containsExactlyInAnyOrder(
                        "ours of keys is configured",
                        "ours of keys is configured",
                        "ours of values is configured",
                        "ours of values is configured",
                        "ours of keys is closed",
                        "ours of keys is closed",
                        "ours of values is closed",
                        "ours of values is closed");
    }

    @Test
    void start_deserializersAreNamedButNotUsed_isRefused() throws Exception {
        String topic = topic("unused-deserializers", 1);
        Map<String, Object> configs = new HashMap<>(configs(topic));
        configs.put("value.deserializer", StringDeserializer.class.getName());
        assertThatIllegalArgumentException()
                .isThrownBy(() ->
                        IdempotentConsumer.subscribing(configs, topic).start(handler(), (record, execution) -> {}))
                .withMessageContaining("value.deserializer")
                .withMessageContaining("withConfiguredDeserializers()");
    }

    @Test
    void withDeserializersBy_supplierFails_isThrownByTheStart() throws Exception {
        String topic = topic("no-deserializer", 1);
        assertThatIllegalStateException()
                .isThrownBy(() -> IdempotentConsumer.subscribing(configs(topic), topic)
                        .withDeserializersBy(StringDeserializer::new, () -> {
                            throw new IllegalStateException("no registry");
                        })
                        .start(handler(), (record, execution) -> {}))
                .withMessage("no registry");
    }

    /** With a client id of its own, by which its counts are found. */
    private static IdempotentConsumerBuilder<String, String> named(String topic) {
        Map<String, Object> configs = new HashMap<>(configs(topic));
        configs.put("client.id", topic);
        return consuming(configs, topic);
    }

    private static double jmx(String client, String attribute) throws JMException {
        ObjectName name = new ObjectName("kafka.consumer:type=dedup-consumer-metrics,client-id=" + client);
        return (Double) ManagementFactory.getPlatformMBeanServer().getAttribute(name, attribute);
    }

    private static long committedOf(String group, String topic) throws Exception {
        return BROKER.admin().listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata().get().entrySet().stream()
                .filter(one -> one.getKey().topic().equals(topic))
                .mapToLong(one -> one.getValue().offset())
                .findFirst()
                .orElse(-1);
    }
}
