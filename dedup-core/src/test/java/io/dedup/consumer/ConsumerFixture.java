// SPDX-License-Identifier: Apache-2.0
package io.dedup.consumer;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.dedup.handler.Execution;
import io.dedup.handler.HandlerListener;
import io.dedup.handler.IdempotentHandler;
import io.dedup.handler.Outcome;
import io.dedup.store.ClaimRequest;
import io.dedup.store.ClaimResult;
import io.dedup.store.DelegatingStore;
import io.dedup.store.IdempotencyStore;
import io.dedup.store.ScopedKey;
import io.dedup.store.memory.MemoryIdempotencyStore;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** What tests of consumers have in common. They run beside each other on one broker, each on topics of its own. */
@Timeout(value = 3, unit = TimeUnit.MINUTES)
@org.junit.jupiter.api.parallel.Execution(ExecutionMode.CONCURRENT)
abstract class ConsumerFixture {
    static final Duration PATIENCE = Duration.ofSeconds(60);
    static final Retries QUICK = new Retries(3, Duration.ofMillis(20), Duration.ofMillis(100));

    static final SharedBroker BROKER = SharedBroker.get();

    final ShakyStore store = new ShakyStore(MemoryIdempotencyStore.holding(10_000));
    final List<String> done = Collections.synchronizedList(new ArrayList<>());
    final Map<String, Integer> runs = new ConcurrentHashMap<>();
    private final List<AutoCloseable> opened = new ArrayList<>();

    @AfterEach
    final void closeAll() throws Exception {
        for (AutoCloseable open : opened) {
            open.close();
        }
    }

    final IdempotentHandler<Void> handler() {
        return opened(
                IdempotentHandler.on(store, "test").withWait(Duration.ZERO).build());
    }

    final IdempotentHandler<Void> handlerTelling(List<Outcome<?>> answers) {
        return opened(IdempotentHandler.on(store, "test")
                .withWait(Duration.ZERO)
                .onEvent(new HandlerListener() {
                    @Override
                    public void answered(
                            ScopedKey key, Outcome<?> outcome, int attempt, Duration waited, Duration took) {
                        answers.add(outcome);
                    }
                })
                .build());
    }

    final <T extends AutoCloseable> T opened(T closeable) {
        opened.add(0, closeable);
        return closeable;
    }

    final <K, V> IdempotentConsumer started(
            IdempotentConsumerBuilder<K, V> builder, IdempotentHandler<Void> handler, RecordOperation<K, V> operation) {
        return opened(builder.start(handler, operation));
    }

    static IdempotentConsumerBuilder<String, String> consuming(String topic) {
        return consuming(configs(topic), topic);
    }

    static IdempotentConsumerBuilder<String, String> consuming(Map<String, Object> configs, String topic) {
        return IdempotentConsumer.subscribing(configs, topic)
                .withDeserializers(new StringDeserializer(), new StringDeserializer())
                .withRetries(QUICK)
                .withDeadLetters(topic + "-dead");
    }

    /** A lock is renewed with the next fetch, which waits for records: half a second unless told otherwise. */
    static IdempotentConsumerBuilder<String, String> renewingQuickly(String topic) {
        Map<String, Object> configs = new HashMap<>(configs(topic));
        configs.put("fetch.max.wait.ms", 100);
        return consuming(configs, topic);
    }

    static Map<String, Object> configs(String topic) {
        return Map.of(
                "bootstrap.servers", BROKER.bootstrapServers(), "group.id", topic, "auto.offset.reset", "earliest");
    }

    final void run(ConsumerRecord<String, String> record, Execution<?> execution) {
        assertThat(execution.attempt()).isPositive();
        runs.merge(record.value(), 1, Integer::sum);
        done.add(record.value());
    }

    static String topic(String name, int partitions) throws Exception {
        BROKER.admin()
                .createTopics(
                        List.of(new NewTopic(name, partitions, (short) 1), new NewTopic(name + "-dead", 1, (short) 1)))
                .all()
                .get();
        return name;
    }

    static ProducerRecord<String, String> record(
            String topic, int partition, @Nullable String key, @Nullable String id, @Nullable String value) {
        RecordHeaders headers = new RecordHeaders();
        if (id != null) {
            headers.add("idempotency-key", id.getBytes(UTF_8));
        }
        return new ProducerRecord<>(topic, partition, null, key, value, headers);
    }

    static void send(String topic, int partition, @Nullable String key, @Nullable String id, @Nullable String value)
            throws Exception {
        BROKER.producer().send(record(topic, partition, key, id, value)).get();
    }

    static void awaitCommitted(String topic, int partitions, long offsets) {
        await().atMost(PATIENCE).until(() -> committed(topic, partitions) == offsets);
    }

    static long committed(String topic, int partitions) throws Exception {
        Map<TopicPartition, OffsetAndMetadata> offsets = BROKER.admin()
                .listConsumerGroupOffsets(topic)
                .partitionsToOffsetAndMetadata()
                .get();
        long sum = 0;
        for (int partition = 0; partition < partitions; partition++) {
            OffsetAndMetadata offset = offsets.get(new TopicPartition(topic, partition));
            sum += offset == null ? 0 : offset.offset();
        }
        return sum;
    }

    static int members(String group) throws Exception {
        return BROKER.admin().describeConsumerGroups(List.of(group)).all().get().values().stream()
                .mapToInt(described -> described.members().size())
                .sum();
    }

    static List<ConsumerRecord<String, String>> read(String topic) {
        Map<String, Object> configs = Map.of("bootstrap.servers", BROKER.bootstrapServers());
        TopicPartition partition = new TopicPartition(topic, 0);
        List<ConsumerRecord<String, String>> records = new ArrayList<>();
        try (var consumer = new KafkaConsumer<>(configs, new StringDeserializer(), new StringDeserializer())) {
            consumer.assign(List.of(partition));
            consumer.seekToBeginning(List.of(partition));
            long end = consumer.endOffsets(List.of(partition)).getOrDefault(partition, 0L);
            while (consumer.position(partition) < end) {
                consumer.poll(Duration.ofMillis(100)).forEach(records::add);
            }
        }
        return records;
    }

    static String header(ConsumerRecord<?, ?> record, String name) {
        return new String(record.headers().lastHeader(name).value(), UTF_8);
    }

    /** A store that can be away. */
    static final class ShakyStore extends DelegatingStore {
        final AtomicBoolean down = new AtomicBoolean();
        final AtomicInteger refused = new AtomicInteger();
        final AtomicInteger singleClaims = new AtomicInteger();
        final List<Integer> claimBatches = Collections.synchronizedList(new ArrayList<>());

        ShakyStore(IdempotencyStore behind) {
            super(behind);
        }

        /** Claims a key as a process that then dies, and waits until its lease is over. */
        void abandon(String scope, String id) {
            ClaimRequest request = ClaimRequest.of(
                    new io.dedup.store.ScopedKey(
                            scope, io.dedup.IdempotencyKey.of("header:idempotency-key", id.getBytes(UTF_8))),
                    null,
                    Duration.ofMillis(1),
                    Duration.ofHours(1));
            await().atMost(PATIENCE).until(() -> behind.claim(request) instanceof ClaimResult.Acquired);
        }

        @Override
        public List<ClaimResult> claimAll(List<ClaimRequest> requests) {
            claimBatches.add(requests.size());
            return requests.stream().map(this::answer).toList();
        }

        @Override
        public ClaimResult claim(ClaimRequest request) {
            singleClaims.incrementAndGet();
            return answer(request);
        }

        private ClaimResult answer(ClaimRequest request) {
            if (down.get()) {
                refused.incrementAndGet();
                return new ClaimResult.Unavailable("The store is down", null);
            }
            return behind.claim(request);
        }
    }
}
