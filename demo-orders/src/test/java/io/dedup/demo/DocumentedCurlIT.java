// SPDX-License-Identifier: Apache-2.0
package io.dedup.demo;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.dedup.demo.report.Progress;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The commands of docs/http.md, run as they are written there, one after another. */
class DocumentedCurlIT {
    private static final Logger LOGGER = LoggerFactory.getLogger(DocumentedCurlIT.class);
    private static final Duration PATIENCE = Duration.ofSeconds(90);
    private static final Pattern COMMAND = Pattern.compile("```\\n(curl .*?)\\n```", Pattern.DOTALL);
    private static final Pattern ADDRESS = Pattern.compile("http://127\\.0\\.0\\.1:\\d+");

    @Test
    void commands_asWritten_areAnsweredAsWritten() throws Exception {
        boolean there = Stream.of(System.getenv("PATH").split(File.pathSeparator))
                .anyMatch(directory -> new File(directory, "curl").canExecute());
        if (!there) {
            LOGGER.warn("NOT RUN: the commands of docs/http.md. There is no curl on the path");
        }
        assumeTrue(there, "curl is on the path");
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        Serving serving = new Serving(
                null, 3, Duration.ofHours(24), "127.0.0.1", 0, new Progress(new PrintStream(out, true, UTF_8), false));
        CompletableFuture<Void> running = CompletableFuture.runAsync(serving::run);
        try {
            String address = await().atMost(PATIENCE)
                    .until(() -> ADDRESS.matcher(out.toString(UTF_8)), Matcher::find)
                    .group();
            List<String> answers = new ArrayList<>();
            for (String command : commands()) {
                answers.add(run(command.replace("http://127.0.0.1:8080", address)));
            }
            assertThat(answers)
                    .extracting(answer -> answer.lines().findFirst().orElse(""))
                    .containsExactly(
                            "HTTP/1.1 201 Created",
                            "HTTP/1.1 201 Created",
                            "HTTP/1.1 422 Unprocessable Entity",
                            "HTTP/1.1 400 Bad Request",
                            "HTTP/1.1 200 OK");
            assertThat(answers.get(1)).contains("Idempotent-Replayed: true");
            assertThat(lastLine(answers.get(1))).isEqualTo(lastLine(answers.get(0)));
        } finally {
            serving.stop();
            assertThat(running).succeedsWithin(PATIENCE);
        }
    }

    private static List<String> commands() throws Exception {
        String page = Files.readString(Path.of("..", "docs", "http.md"));
        return COMMAND.matcher(page).results().map(found -> found.group(1)).toList();
    }

    private static String run(String command) throws Exception {
        Process curl = new ProcessBuilder("sh", "-c", command)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        String answer = new String(curl.getInputStream().readAllBytes(), UTF_8);
        assertThat(curl.waitFor(30, TimeUnit.SECONDS)).isTrue();
        assertThat(curl.exitValue()).as(command).isZero();
        return answer;
    }

    private static String lastLine(String text) {
        return text.lines().reduce("", (before, line) -> line);
    }
}
