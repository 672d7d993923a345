// SPDX-License-Identifier: Apache-2.0
package io.dedup.demo.web;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.dedup.demo.ledger.Ledger;
import io.javalin.config.RoutesConfig;
import io.javalin.http.Context;
import io.javalin.http.sse.SseClient;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What the page shows: how things stand, and what happens, as server-sent events. Thread-safe. */
final class LiveApi implements AutoCloseable {
    private static final Logger LOGGER = LoggerFactory.getLogger(LiveApi.class);
    private static final JsonMapper MAPPER = JsonMapper.builder().build();
    private static final int MAX_LISTENERS = 32;
    private static final int LEDGER_ROWS = 50;
    /** So that proxies between here and the page do not take the connection for dead. */
    private static final Duration SILENCE = Duration.ofSeconds(10);

    private final LiveLog log;
    private final Ledger ledger;
    private final Set<Thread> listeners = ConcurrentHashMap.newKeySet();

    LiveApi(LiveLog log, Ledger ledger) {
        this.log = log;
        this.ledger = ledger;
    }

    void addTo(RoutesConfig routes) {
        WebServer.read(routes, "/demo/state", context -> context.json(log.state()));
        WebServer.read(routes, "/demo/ledger", this::ledger);
        routes.sse("/demo/events", this::listen);
    }

    private void ledger(Context context) throws SQLException {
        context.json(Map.of("totals", ledger.sharedTotals(), "latest", ledger.latest(LEDGER_ROWS)));
    }

    private void listen(SseClient client) {
        if (listeners.size() >= MAX_LISTENERS) {
            client.sendComment("too many listeners");
            client.close();
            return;
        }
        client.keepAlive();
        String lastSeen = client.ctx().header("Last-Event-ID");
        long from = lastSeen != null && lastSeen.matches("\\d{1,18}") ? Long.parseLong(lastSeen) : 0;
        // A server that was restarted counts from the beginning, and has to send everything.
        long known = from > log.state().lastId() ? 0 : from;
        Thread teller = new Thread(() -> tell(client, known), "demo-events");
        teller.setDaemon(true);
        listeners.add(teller);
        client.onClose(teller::interrupt);
        teller.start();
    }

    private void tell(SseClient client, long from) {
        long last = from;
        try {
            while (!client.terminated()) {
                log.await(last, SILENCE);
                boolean silent = true;
                for (LiveLog.Event event : log.after(last)) {
                    client.sendEvent(event.kind(), MAPPER.writeValueAsString(event), String.valueOf(event.id()));
                    last = event.id();
                    silent = false;
                }
                if (silent) {
                    client.sendComment("nothing happens");
                }
            }
        } catch (InterruptedException closed) {
            LOGGER.debug("A listener has gone");
        } catch (JsonProcessingException impossible) {
            throw new IllegalStateException("Texts and numbers are always JSON", impossible);
        } finally {
            listeners.remove(Thread.currentThread());
            client.close();
        }
    }

    @Override
    public void close() {
        listeners.forEach(Thread::interrupt);
    }
}
