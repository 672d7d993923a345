// SPDX-License-Identifier: Apache-2.0
package io.dedup.bench.mode;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.dedup.consumer.IdempotentConsumer;
import io.dedup.consumer.IdempotentConsumerBuilder;
import io.dedup.consumer.ProcessingOrder;
import io.dedup.handler.IdempotentHandler;
import io.dedup.key.KeyExtractors;
import io.dedup.store.IdempotencyStore;
import io.dedup.store.jdbc.JdbcIdempotencyStore;
import io.dedup.store.memory.MemoryIdempotencyStore;
import io.dedup.store.redis.RedisIdempotencyStore;
import java.net.URI;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.RecordMetadata;

/**
 * Our consumer and handler, ordered by key. The effect is a record that is sent and confirmed, as in {@link ConsumerMode}, so an
 * operation is remembered after it was done. In batches the effects of a batch are waited for together, as a plain consumer does
 * for a poll; one at a time each of eight threads waits for its own.
 */
final class HandlerMode implements Running {
    private static final int THREADS = 8;

    private final IdempotencyStore store;
    private final IdempotentHandler<Void> handler;
    private final KafkaProducer<byte[], byte[]> producer;
    private final IdempotentConsumer consumer;

    private HandlerMode(Task task, IdempotencyStore store, boolean inBatches) {
        this.store = store;
        // One at a time, waiting for others to go with a record only takes time.
        this.producer = ConsumerMode.producer(task, inBatches ? Map.of() : Map.of("linger.ms", 0));
        this.handler = IdempotentHandler.on(store, "bench")
                .withTtl(Duration.ofMillis(task.ttlMs()))
                .withWait(Duration.ZERO)
                .build();
        IdempotentConsumerBuilder<byte[], byte[]> builder = IdempotentConsumer.subscribing(
                        ConsumerMode.consumerConfigs(task), task.input())
                .withKey(KeyExtractors.header(Mode.KEY_HEADER))
                .withThreads(THREADS, ProcessingOrder.KEY);
        this.consumer = inBatches
                ? builder.startInBatches(handler, (record, execution) -> sent(record, task))
                : builder.start(
                        handler, (record, execution) -> sent(record, task).get());
    }

    private CompletableFuture<RecordMetadata> sent(ConsumerRecord<byte[], byte[]> record, Task task) {
        CompletableFuture<RecordMetadata> sent = new CompletableFuture<>();
        Future<RecordMetadata> unused =
                producer.send(ConsumerMode.onward(record, task.output()), (metadata, failure) -> {
                    if (failure == null) {
                        sent.complete(metadata);
                    } else {
                        sent.completeExceptionally(failure);
                    }
                });
        return sent;
    }

    /** With keys in this process. */
    static Mode.Start inMemory(boolean inBatches) {
        return task ->
                new HandlerMode(task, MemoryIdempotencyStore.holding(Math.toIntExact(task.records())), inBatches);
    }

    /** With keys in Redis. */
    static Mode.Start inRedis(boolean inBatches) {
        return task -> {
            URI address = URI.create(Objects.requireNonNull(task.redis(), "no Redis"));
            return new HandlerMode(
                    task, RedisIdempotencyStore.connectingTo(address).open(), inBatches);
        };
    }

    /** With keys in a database, behind a pool. */
    static Mode.Start inDatabase(boolean inBatches) {
        return task -> {
            HikariConfig pool = new HikariConfig();
            pool.setJdbcUrl(Objects.requireNonNull(task.jdbc(), "no database"));
            pool.setMaximumPoolSize(THREADS + 2);
            return new HandlerMode(
                    task, JdbcIdempotencyStore.on(new HikariDataSource(pool)).open(), inBatches);
        };
    }

    @Override
    public Optional<Throwable> failure() {
        return consumer.failure();
    }

    @Override
    public boolean isReady() {
        return FirstSight.moment() != null;
    }

    @Override
    public Restored restored() {
        return Restored.NOTHING;
    }

    @Override
    public void close() {
        consumer.close();
        handler.close();
        producer.close();
        store.close();
    }
}
