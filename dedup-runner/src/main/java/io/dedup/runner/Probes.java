// SPDX-License-Identifier: Apache-2.0
package io.dedup.runner;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
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

    private static final int MAX_THREADS = 256;
    private static final Duration IDLE = Duration.ofSeconds(10);
    private static final String MAX_REQUEST_SECONDS = "sun.net.httpserver.maxReqTime";
    private static final String MAX_RESPONSE_SECONDS = "sun.net.httpserver.maxRspTime";

    static {
        // The JDK's server waits for the rest of a request without an end, unless it is limited before it is loaded.
        System.getProperties().putIfAbsent(MAX_REQUEST_SECONDS, "5");
        System.getProperties().putIfAbsent(MAX_RESPONSE_SECONDS, "30");
    }

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
        // A thread for each connection, so that a client that sends its request slowly keeps no other waiting; beyond
        // the
        // bound connections are closed.
        ExecutorService threads = new ThreadPoolExecutor(
                0, MAX_THREADS, IDLE.toSeconds(), TimeUnit.SECONDS, new SynchronousQueue<>(), task -> {
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
