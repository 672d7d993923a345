// SPDX-License-Identifier: Apache-2.0
package io.dedup.demo;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The commands of docs/http.md, run as they are written there, one after another. */
class DocumentedCurlIT {
    private static final Logger LOGGER = LoggerFactory.getLogger(DocumentedCurlIT.class);
    private static final Pattern COMMAND = Pattern.compile("```\\n(curl .*?)\\n```", Pattern.DOTALL);

    @Test
    void commands_asWritten_areAnsweredAsWritten() throws Exception {
        boolean there = OnPath.find("curl").isPresent();
        if (!there) {
            LOGGER.warn("NOT RUN: the commands of docs/http.md. There is no curl on the path");
        }
        assumeTrue(there, "curl is on the path");
        try (ServedDemo demo = ServedDemo.start()) {
            List<String> answers = new ArrayList<>();
            for (String command : commands()) {
                answers.add(run(command.replace("http://127.0.0.1:8080", demo.address())));
            }
            assertThat(answers)
                    .extracting(answer -> answer.lines().findFirst().orElse(""))
                    .containsExactly(
                            "HTTP/1.1 202 Accepted",
                            "HTTP/1.1 202 Accepted",
                            "HTTP/1.1 422 Unprocessable Entity",
                            "HTTP/1.1 400 Bad Request",
                            "HTTP/1.1 200 OK");
            assertThat(answers.get(1)).contains("Idempotent-Replayed: true");
            assertThat(lastLine(answers.get(1))).isEqualTo(lastLine(answers.get(0)));
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
