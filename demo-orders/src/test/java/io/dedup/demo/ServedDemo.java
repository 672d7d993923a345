// SPDX-License-Identifier: Apache-2.0
package io.dedup.demo;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.dedup.demo.ledger.Database;
import io.dedup.demo.report.Progress;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The demo as it serves, until it is closed. */
final class ServedDemo implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(90);
    private static final Pattern ADDRESS = Pattern.compile("http://127\\.0\\.0\\.1:\\d+");

    private final Serving serving;
    private final CompletableFuture<Void> running;
    private final String address;

    private ServedDemo(Serving serving, CompletableFuture<Void> running, String address) {
        this.serving = serving;
        this.running = running;
        this.address = address;
    }

    /** On a broker of its own. */
    static ServedDemo start() {
        return start(null, null);
    }

    /**
     * Starts it, and waits until it says where it is.
     *
     * @param bootstrapServers null for a broker of its own
     * @param database null for one that is deleted at the end
     */
    static ServedDemo start(@Nullable String bootstrapServers, @Nullable Database database) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        Serving serving = new Serving(
                new DemoSettings(bootstrapServers, 3, Duration.ofHours(24)),
                database,
                "127.0.0.1",
                0,
                new Progress(new PrintStream(out, true, UTF_8), false));
        CompletableFuture<Void> running = CompletableFuture.runAsync(serving::run);
        Matcher address = await().atMost(PATIENCE)
                .until(() -> ADDRESS.matcher(out.toString(UTF_8)), found -> found.find() || running.isDone());
        if (running.isCompletedExceptionally()) {
            running.join();
        }
        return new ServedDemo(serving, running, address.group());
    }

    /** Where it is, such as {@code http://127.0.0.1:8080}. */
    String address() {
        return address;
    }

    @Override
    public void close() {
        try {
            serving.stop();
        } catch (InterruptedException interrupted) {
            throw new AssertionError("Interrupted", interrupted);
        }
        assertThat(running).succeedsWithin(PATIENCE);
    }
}
