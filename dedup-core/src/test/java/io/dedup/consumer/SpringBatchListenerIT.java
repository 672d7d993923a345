// SPDX-License-Identifier: Apache-2.0
package io.dedup.consumer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.dedup.IdempotencyKey;
import io.dedup.MissingKeyException;
import io.dedup.handler.Call;
import io.dedup.handler.Execution;
import io.dedup.handler.IdempotencyConflictException;
import io.dedup.handler.IdempotentHandler;
import io.dedup.handler.OperationRejectedException;
import io.dedup.handler.Outcome;
import io.dedup.handler.OutcomeCodec;
import io.dedup.handler.OutcomeUnknownException;
import io.dedup.handler.OutcomeUnreadableException;
import io.dedup.key.KeyExtractor;
import io.dedup.key.KeyExtractors;
import io.dedup.store.memory.MemoryIdempotencyStore;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.springframework.kafka.core.DefaultKafkaConsumerFactory;
import org.springframework.kafka.listener.BatchListenerFailedException;
import org.springframework.kafka.listener.BatchMessageListener;
import org.springframework.kafka.listener.ConsumerRecordRecoverer;
import org.springframework.kafka.listener.ContainerProperties;
import org.springframework.kafka.listener.DefaultErrorHandler;
import org.springframework.kafka.listener.KafkaMessageListenerContainer;
import org.springframework.util.backoff.FixedBackOff;

/** A batch listener of Spring that hands the records of a poll to a handler. Its code is that of docs/patterns.md. */
@Tag("needs-kafka-4.2")
class SpringBatchListenerIT extends InterceptorFixture {
    private final KeyExtractor keys = KeyExtractors.header("idempotency-key");
    private final IdempotentHandler<String> handler = IdempotentHandler.on(
                    MemoryIdempotencyStore.holding(1000), "charge", OutcomeCodec.string())
            .build();

    /** The values that the listener was called with. */
    private final List<List<String>> called = new CopyOnWriteArrayList<>();
    /** How often each value was charged, or was tried to be. */
    private final Map<String, Integer> charges = new ConcurrentHashMap<>();

    private final List<String> deadLetters = new CopyOnWriteArrayList<>();

    @AfterEach
    void close() {
        handler.close();
    }

    private void chargeAll(List<ConsumerRecord<String, String>> records) {
        // The first record without a key fails by itself, and those behind it come again.
        List<ConsumerRecord<String, String>> keyed = records.stream()
                .takeWhile(record -> keys.extract(record) instanceof IdempotencyKey)
                .toList();
        List<CompletionStage<Outcome<String>>> outcomes = handler.tryHandleAll(
                keyed, record -> Call.of(keys.extract(record).orElseThrow()), this::charge);
        // All have ended before any is asked for again.
        outcomes.forEach(outcome -> outcome.handle((value, failure) -> failure == null)
                .toCompletableFuture()
                .join());
        for (int i = 0; i < records.size(); i++) {
            try {
                if (i < keyed.size()) {
                    outcomes.get(i).toCompletableFuture().join().orElseThrow();
                } else {
                    keys.extract(records.get(i)).orElseThrow();
                }
            } catch (RuntimeException failed) {
                // Spring commits those before it, and hands it and those behind it to the listener again.
                throw new BatchListenerFailedException("Not charged", failed, i);
            }
        }
    }

    private DefaultErrorHandler errorHandler(ConsumerRecordRecoverer deadLetters) {
        DefaultErrorHandler errors = new DefaultErrorHandler(deadLetters, new FixedBackOff(100, 5));
        errors.addNotRetryableExceptions( // whose answer would be the same again
                MissingKeyException.class,
                OperationRejectedException.class,
                IdempotencyConflictException.class,
                OutcomeUnknownException.class,
                OutcomeUnreadableException.class);
        return errors;
    }

    private CompletionStage<String> charge(ConsumerRecord<String, String> record, Execution<String> execution)
            throws IOException {
        int attempt = charges.merge(record.value(), 1, Integer::sum);
        if (record.value().equals("flaky") && attempt < 3) {
            throw new IOException("not yet");
        } else if (record.value().equals("declined")) {
            throw new OperationRejectedException("card_declined", "no money");
        }
        return CompletableFuture.supplyAsync(() -> execution.downstreamKey("charge"));
    }

    @Test
    void chargeAll_oneFails_isTriedAgainAndThoseBehindItAreReplayed() throws Exception {
        // Given
        String topic = topic("batch-retry");
        send(Map.of(), topic, "id-1:a", "id-2:flaky", "id-3:b", "id-1:a", "id-4:c");
        // When
        listenTo(topic, 5);
        // Then
        assertThat(called)
                .containsExactly(
                        List.of("a", "flaky", "b", "a", "c"),
                        List.of("flaky", "b", "a", "c"),
                        List.of("flaky", "b", "a", "c"));
        assertThat(charges).isEqualTo(Map.of("a", 1, "flaky", 3, "b", 1, "c", 1));
        assertThat(deadLetters).isEmpty();
    }

    @Test
    void chargeAll_declinedOrWithoutAKey_isADeadLetterAndTheOthersGoOn() throws Exception {
        // Given
        String topic = topic("batch-dead");
        send(Map.of(), topic, "id-1:a", "id-2:declined", "id-3:b", ":no key", "id-4:c", "id-2:declined");
        // When
        listenTo(topic, 6);
        // Then
        assertThat(deadLetters).containsExactly("declined", "no key", "declined");
        assertThat(charges).isEqualTo(Map.of("a", 1, "declined", 1, "b", 1, "c", 1));
    }

    /** Runs the listener until it has committed that many records. */
    private void listenTo(String topic, int records) {
        ContainerProperties properties = new ContainerProperties(topic);
        properties.setMessageListener((BatchMessageListener<String, String>) polled -> {
            called.add(polled.stream().map(ConsumerRecord::value).toList());
            chargeAll(polled);
        });
        KafkaMessageListenerContainer<String, String> container = new KafkaMessageListenerContainer<>(
                new DefaultKafkaConsumerFactory<>(
                        plainConfigs(topic), new StringDeserializer(), new StringDeserializer()),
                properties);
        container.setCommonErrorHandler(
                errorHandler((record, failure) -> deadLetters.add(String.valueOf(record.value()))));
        container.start();
        try {
            await().atMost(PATIENCE).until(() -> committed(topic) == records);
        } finally {
            container.stop();
        }
    }

    private static long committed(String group) throws Exception {
        OffsetAndMetadata committed = BROKER.admin()
                .listConsumerGroupOffsets(group)
                .partitionsToOffsetAndMetadata()
                .get()
                .get(new TopicPartition(group, 0));
        return committed == null ? 0 : committed.offset();
    }
}
