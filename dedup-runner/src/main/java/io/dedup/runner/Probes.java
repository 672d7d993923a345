// SPDX-License-Identifier: Apache-2.0
package io.dedup.runner;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.KafkaStreams.State;
import org.jspecify.annotations.Nullable;

/**
 * Answers whether the application lives and is ready, and its metrics in Prometheus' text format. Thread-safe.
 *
 * <p>It lives until it has failed or stopped, also while it rebalances; it is ready when it runs and restores nothing.
 */
final class Probes implements AutoCloseable {
    static final Probes NONE = new Probes(null, null);

    private static final int THREADS = 8;
    private static final int OK = 200;
    private static final int UNAVAILABLE = 503;

    private final @Nullable HttpServer server;
    private final @Nullable PrometheusMetrics metrics;

    private Probes(@Nullable HttpServer server, @Nullable PrometheusMetrics metrics) {
        this.server = server;
        this.metrics = metrics;
    }

    static Probes start(String host, int port, KafkaStreams streams) throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress(host, port), 0);
        PrometheusMetrics metrics = PrometheusMetrics.of(streams);
        // More than one thread, so that a client that sends its request slowly keeps nobody waiting.
        ExecutorService threads = Executors.newFixedThreadPool(THREADS, task -> {
            Thread thread = new Thread(task, "dedup-http");
            thread.setDaemon(true);
            return thread;
        });
        server.setExecutor(threads);
        server.createContext("/health/live", exchange -> {
            State state = streams.state();
            answer(exchange, isAlive(state) ? OK : UNAVAILABLE, state.name());
        });
        server.createContext("/health/ready", exchange -> {
            State state = streams.state();
            answer(exchange, state == State.RUNNING ? OK : UNAVAILABLE, state.name());
        });
        server.createContext("/metrics", exchange -> answer(exchange, OK, metrics.scrape()));
        server.start();
        return new Probes(server, metrics);
    }

    /** Whether a restart would not help: it is starting, running or rebalancing. */
    static boolean isAlive(State state) {
        return state == State.CREATED || state == State.RUNNING || state == State.REBALANCING;
    }

    int port() {
        return server == null ? 0 : server.getAddress().getPort();
    }

    private static void answer(HttpExchange exchange, int status, String text) throws IOException {
        byte[] body = text.getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", PrometheusMetrics.CONTENT_TYPE);
        exchange.sendResponseHeaders(status, body.length);
        try (OutputStream out = exchange.getResponseBody()) {
            out.write(body);
        }
    }

    @Override
    public void close() {
        if (server != null) {
            server.stop(0);
        }
        if (metrics != null) {
            metrics.close();
        }
    }
}
