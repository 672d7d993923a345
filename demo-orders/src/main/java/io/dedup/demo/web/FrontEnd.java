// SPDX-License-Identifier: Apache-2.0
package io.dedup.demo.web;

import io.dedup.demo.ledger.Ledger;
import io.dedup.handler.IdempotentHandler;
import io.dedup.store.IdempotencyStore;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The HTTP front end of a pipeline. Thread-safe. */
public final class FrontEnd implements AutoCloseable {
    private static final Duration WAIT_FOR_FIRST = Duration.ofSeconds(5);

    private final KafkaPublisher publisher;
    private final IdempotentHandler<StoredResponse> handler;
    private final Watcher watcher;
    private final LiveApi live;
    private final WebServer server;

    private FrontEnd(
            KafkaPublisher publisher,
            IdempotentHandler<StoredResponse> handler,
            Watcher watcher,
            LiveApi live,
            WebServer server) {
        this.publisher = publisher;
        this.handler = handler;
        this.watcher = watcher;
        this.live = live;
        this.server = server;
    }

    /**
     * Starts it.
     *
     * @param host whose address is listened at: {@code 127.0.0.1} for this machine alone
     * @param port 0 for any that is free
     * @param bootstrapServers where the pipeline reads
     * @param store remembers requests and their answers; stays open
     * @param ttl how long
     * @param ledger what the pipeline books in
     * @param pipeline what is between
     */
    public static FrontEnd start(
            String host,
            int port,
            String bootstrapServers,
            IdempotencyStore store,
            Duration ttl,
            Ledger ledger,
            Pipeline pipeline) {
        LiveLog log = new LiveLog();
        KafkaPublisher publisher = new KafkaPublisher(bootstrapServers);
        IdempotentHandler<StoredResponse> handler = OperationsApi.handlerOn(store)
                .withTtl(ttl)
                .withWait(WAIT_FOR_FIRST)
                .build();
        @Nullable Watcher watcher = null;
        try {
            watcher = Watcher.start(bootstrapServers, log);
            LiveApi live = new LiveApi(log, ledger);
            WebServer server = WebServer.start(
                    host,
                    port,
                    List.of(
                            new OperationsApi(handler, publisher, log)::addTo,
                            new LedgerApi(ledger)::addTo,
                            new CustomersApi()::addTo,
                            live::addTo,
                            new FaultsApi(publisher)::addTo,
                            new PipelineApi(pipeline)::addTo,
                            new ProbesApi(pipeline, ledger)::addTo));
            return new FrontEnd(publisher, handler, watcher, live, server);
        } catch (RuntimeException failed) {
            if (watcher != null) {
                watcher.close();
            }
            handler.close();
            publisher.close();
            throw failed;
        }
    }

    /** Where it listens. */
    public int port() {
        return server.port();
    }

    @Override
    public void close() {
        live.close();
        server.close();
        handler.close();
        publisher.close();
        watcher.close();
    }
}
