// SPDX-License-Identifier: Apache-2.0
package io.dedup.consumer;

import io.dedup.handler.Execution;
import io.dedup.handler.IdempotentHandler;
import io.dedup.store.jdbc.JdbcIdempotencyStore;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.time.Duration;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.postgresql.ds.PGSimpleDataSource;

/** A process that charges over HTTP, books in a database, and can be killed at any moment. */
final class WorkerProcess {
    private WorkerProcess() {}

    /** Takes the brokers, the topic, the address of the database and that of whoever charges. */
    public static void main(String[] args) throws Exception {
        PGSimpleDataSource database = new PGSimpleDataSource();
        database.setURL(args[2]);
        JdbcIdempotencyStore store = JdbcIdempotencyStore.on(database).open();
        IdempotentHandler<Void> handler = IdempotentHandler.on(store, "payments")
                .withLease(Duration.ofSeconds(1))
                .withWait(Duration.ZERO)
                .build();
        HttpClient http = HttpClient.newHttpClient();
        URI provider = URI.create(args[3]);
        Map<String, Object> configs = Map.of(
                "bootstrap.servers", args[0],
                "group.id", args[1],
                "auto.offset.reset", "earliest",
                "session.timeout.ms", "2000",
                "heartbeat.interval.ms", "500");
        IdempotentConsumer consumer = IdempotentConsumer.subscribing(configs, args[1])
                .withDeserializers(new StringDeserializer(), new StringDeserializer())
                .withRetries(new Retries(50, Duration.ofMillis(20), Duration.ofMillis(500)))
                .withThreads(4, ProcessingOrder.KEY)
                .start(handler, (record, execution) -> {
                    charge(http, provider, execution);
                    book(database, store, record, execution);
                });
        consumer.awaitEnd(Duration.ofMinutes(10));
    }

    private static void charge(HttpClient http, URI provider, Execution<?> execution)
            throws IOException, InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(provider)
                .header("Idempotency-Key", execution.downstreamKey("charge"))
                .POST(HttpRequest.BodyPublishers.noBody())
                .build();
        int status = http.send(request, HttpResponse.BodyHandlers.discarding()).statusCode();
        if (status != 200) {
            throw new IOException("the provider has answered " + status);
        }
    }

    private static void book(
            PGSimpleDataSource database,
            JdbcIdempotencyStore store,
            ConsumerRecord<String, String> record,
            Execution<?> execution)
            throws Exception {
        try (Connection transaction = database.getConnection();
                PreparedStatement insert = transaction.prepareStatement("INSERT INTO ledger VALUES (?)")) {
            transaction.setAutoCommit(false);
            insert.setString(1, record.value());
            insert.executeUpdate();
            execution.complete(store.joining(transaction), null);
            transaction.commit();
        }
    }
}
