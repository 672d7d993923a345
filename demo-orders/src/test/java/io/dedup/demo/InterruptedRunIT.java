// SPDX-License-Identifier: Apache-2.0
package io.dedup.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Somebody presses Ctrl-C. */
class InterruptedRunIT {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    @TempDir
    Path directory;

    @Test
    void signal_inTheMiddle_endsSoonAndLeavesNoData() throws Exception {
        // Given
        Path temporary = Files.createDirectory(directory.resolve("tmp"));
        Path output = directory.resolve("out.txt");
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Djava.io.tmpdir=" + temporary,
                        "-Dlogback.configurationFile=logback.xml",
                        "-cp",
                        System.getProperty("java.class.path"),
                        DemoOrders.class.getName(),
                        "--events",
                        "300000")
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        try {
            await().atMost(PATIENCE)
                    .untilAsserted(() -> assertThat(output).content().contains("Sending orders"));
            assertThat(data(temporary)).isNotEmpty();
            // When
            process.destroy();
            // Then
            assertThat(process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
            assertThat(data(temporary)).isEmpty();
            assertThat(Files.readString(output)).doesNotContain("Exception").doesNotContain("PASSED");
        } finally {
            process.destroyForcibly();
        }
    }

    private static List<Path> data(Path temporary) throws IOException {
        try (Stream<Path> files = Files.list(temporary)) {
            return files.filter(file -> file.getFileName().toString().startsWith("dedup-"))
                    .toList();
        }
    }
}
