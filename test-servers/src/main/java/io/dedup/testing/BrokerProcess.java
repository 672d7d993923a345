// SPDX-License-Identifier: Apache-2.0
package io.dedup.testing;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.dedup.embedded.EmbeddedBroker;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * An {@link EmbeddedBroker} in a process of its own, so that tests can have other kafka-clients on their class path than the
 * broker needs. It ends with the process that started it.
 */
final class BrokerProcess {
    private static final String READY = "Broker at ";

    private BrokerProcess() {}

    /** Runs a broker until the input ends: {@code NAME=VALUE …}, the settings on top of those of the embedded broker. */
    public static void main(String[] settings) throws IOException {
        Map<String, String> overrides = new HashMap<>();
        for (String setting : settings) {
            int equals = setting.indexOf('=');
            overrides.put(setting.substring(0, equals), setting.substring(equals + 1));
        }
        // Nothing but the address goes to the process that reads it: a log would fill the pipe and stop the broker.
        PrintStream answer = System.out;
        System.setOut(System.err);
        try (EmbeddedBroker broker = EmbeddedBroker.start(overrides)) {
            answer.println(READY + broker.bootstrapServers());
            System.in.transferTo(System.err);
        }
    }

    /**
     * Starts it and waits until it answers.
     *
     * @param classPath of the broker
     */
    static TestServers.Kafka start(String classPath, Map<String, String> overrides) {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx512m",
                "-Dlogback.configurationFile=io/dedup/testing/broker-process.xml",
                "-cp",
                classPath,
                BrokerProcess.class.getName()));
        overrides.forEach((name, value) -> command.add(name + "=" + value));
        try {
            Process process = new ProcessBuilder(command)
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
            BufferedReader output = new BufferedReader(new InputStreamReader(process.getInputStream(), UTF_8));
            for (String line = output.readLine(); line != null; line = output.readLine()) {
                if (line.startsWith(READY)) {
                    return new TestServers.Kafka(line.substring(READY.length()), () -> stop(process));
                }
                System.err.println(line);
            }
            throw new IllegalStateException("The broker's process ended with " + stopped(process));
        } catch (IOException failed) {
            throw new IllegalStateException("The broker's process could not be started", failed);
        }
    }

    private static void stop(Process process) throws IOException {
        process.getOutputStream().close();
        stopped(process);
    }

    private static String stopped(Process process) {
        try {
            boolean ended = process.waitFor(30, TimeUnit.SECONDS);
            return ended ? "exit code " + process.exitValue() : "nothing in 30 seconds";
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            return "an interruption";
        } finally {
            process.destroyForcibly();
        }
    }
}
