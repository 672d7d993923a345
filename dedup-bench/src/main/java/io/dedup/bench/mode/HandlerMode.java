// SPDX-License-Identifier: Apache-2.0
package io.dedup.bench.mode;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.dedup.consumer.IdempotentConsumer;
import io.dedup.consumer.ProcessingOrder;
import io.dedup.handler.IdempotentHandler;
import io.dedup.key.KeyExtractors;
import io.dedup.store.IdempotencyStore;
import io.dedup.store.jdbc.JdbcIdempotencyStore;
import io.dedup.store.memory.MemoryIdempotencyStore;
import io.dedup.store.redis.RedisIdempotencyStore;
import java.net.URI;
import java.sql.SQLException;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Our consumer and handler, as the documentation has them: eight threads, ordered by key. The effect is a record that is sent
 * and waited for, so an operation is remembered after it was done.
 */
final class HandlerMode implements Running {
    private static final int THREADS = 8;

    private final IdempotencyStore store;
    private final IdempotentHandler<Void> handler;
    private final KafkaProducer<byte[], byte[]> producer;
    private final IdempotentConsumer consumer;

    private HandlerMode(Task task, IdempotencyStore store) {
        this.store = store;
        this.producer = producer(task);
        this.handler = IdempotentHandler.on(store, "bench")
                .withTtl(Duration.ofMillis(task.ttlMs()))
                .withWait(Duration.ZERO)
                .build();
        this.consumer = IdempotentConsumer.subscribing(ConsumerMode.consumerConfigs(task), task.input())
                .withKey(KeyExtractors.header(Mode.KEY_HEADER))
                .withThreads(THREADS, ProcessingOrder.KEY)
                .start(
                        handler,
                        (record, execution) -> producer.send(ConsumerMode.onward(record, task.output()))
                                .get());
    }

    private static KafkaProducer<byte[], byte[]> producer(Task task) {
        Map<String, Object> configs = new HashMap<>();
        configs.put("bootstrap.servers", task.bootstrapServers());
        // Every record is waited for, so waiting for others to go with it only takes time.
        configs.put("linger.ms", 0);
        return new KafkaProducer<>(configs, new ByteArraySerializer(), new ByteArraySerializer());
    }

    /** With keys in this process. */
    static Running inMemory(Task task) {
        return new HandlerMode(task, MemoryIdempotencyStore.holding(Math.toIntExact(task.records())));
    }

    /** With keys in Redis. */
    static Running inRedis(Task task) {
        URI address = URI.create(Objects.requireNonNull(task.redis(), "no Redis"));
        return new HandlerMode(task, RedisIdempotencyStore.connectingTo(address).open());
    }

    /** With keys in a database, behind a pool. */
    static Running inDatabase(Task task) throws SQLException {
        HikariConfig pool = new HikariConfig();
        pool.setJdbcUrl(Objects.requireNonNull(task.jdbc(), "no database"));
        pool.setMaximumPoolSize(THREADS + 2);
        return new HandlerMode(
                task, JdbcIdempotencyStore.on(new HikariDataSource(pool)).open());
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
