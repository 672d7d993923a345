// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/** The application under test in a process of its own, to be ended with SIGKILL. */
final class KilledApp implements AutoCloseable {
    private final Process process;

    private KilledApp(Process process) {
        this.process = process;
    }

    static KilledApp start(String id, Path directory, String guarantee, int stallAt) throws IOException {
        ProcessBuilder command = new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m",
                "-cp",
                System.getProperty("java.class.path"),
                DedupApp.class.getName(),
                TestCluster.shared().bootstrapServers(),
                id,
                directory.resolve("state").toString(),
                guarantee,
                String.valueOf(stallAt));
        command.redirectErrorStream(true)
                .redirectOutput(directory.resolve(id + ".log").toFile());
        return new KilledApp(command.start());
    }

    /** Kills it without any warning and waits until it is gone. */
    void kill() throws InterruptedException {
        assertThat(process.isAlive()).as("running until killed").isTrue();
        process.destroyForcibly();
        assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
