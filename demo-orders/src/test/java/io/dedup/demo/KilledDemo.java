// SPDX-License-Identifier: Apache-2.0
package io.dedup.demo;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The demo as it serves, in a process of its own that is killed. */
final class KilledDemo implements AutoCloseable {
    private static final Pattern ADDRESS = Pattern.compile("http://127\\.0\\.0\\.1:\\d+");

    private final Process process;
    private final String address;

    private KilledDemo(Process process, String address) {
        this.process = process;
        this.address = address;
    }

    static KilledDemo start(String bootstrapServers, String database) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Dlogback.configurationFile=logback.xml",
                "-cp",
                System.getProperty("java.class.path"),
                DemoOrders.class.getName(),
                "--serve=0",
                "--bootstrap-servers=" + bootstrapServers.replace("PLAINTEXT://", ""));
        builder.environment().put("DEMO_ORDERS_DATABASE", database);
        Process process = builder.redirectErrorStream(true).start();
        BufferedReader out = new BufferedReader(new InputStreamReader(process.getInputStream(), UTF_8));
        StringBuilder said = new StringBuilder();
        for (String line = out.readLine(); line != null; line = out.readLine()) {
            Matcher address = ADDRESS.matcher(line);
            if (address.find()) {
                return new KilledDemo(process, address.group());
            }
            said.append(line).append('\n');
        }
        throw new AssertionError("It did not start: " + said);
    }

    /** Where it is. */
    String address() {
        return address;
    }

    /** Ends it as {@code kill -9} does. */
    void kill() {
        process.destroyForcibly().onExit().join();
    }

    @Override
    public void close() {
        kill();
    }
}
