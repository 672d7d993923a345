// SPDX-License-Identifier: Apache-2.0
package io.dedup.bench.process;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A JVM with the classes of this one and another main class, which ends at the latest with this one.
 *
 * <p>It says what it has to say in lines of its standard output that {@link #ANSWER} begins; its log is its standard error.
 *
 * <p>Confined to one thread.
 */
public final class ChildJvm implements AutoCloseable {
    private static final String ANSWER = "answer: ";
    private static final long END_WITHIN_SECONDS = 60;
    private static final int TAIL_LINES = 40;

    private final Process process;
    private final BufferedReader output;
    private final Path log;

    private ChildJvm(Process process, Path log) {
        this.process = process;
        this.output = process.inputReader(UTF_8);
        this.log = log;
    }

    /**
     * Starts one.
     *
     * @param options of the JVM, such as its heap
     * @param log where its standard error goes
     */
    public static ChildJvm start(Class<?> main, List<String> options, List<String> arguments, Path log) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(options);
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName()));
        command.addAll(arguments);
        try {
            return new ChildJvm(
                    new ProcessBuilder(command).redirectError(log.toFile()).start(), log);
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    /** Says that to the parent, from within a child. */
    public static void answer(String text) {
        System.out.println(ANSWER + text);
        System.out.flush();
    }

    /**
     * Waits for what it has to say.
     *
     * @throws ChildFailedException if it ends instead
     */
    public String answer() {
        try {
            for (String line = output.readLine(); line != null; line = output.readLine()) {
                if (line.startsWith(ANSWER)) {
                    return line.substring(ANSWER.length());
                }
            }
            throw new ChildFailedException("A process has ended without an answer. The end of its log:\n" + tail());
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    private String tail() throws IOException {
        List<String> lines = Files.readAllLines(log, UTF_8);
        return String.join("\n", lines.subList(Math.max(0, lines.size() - TAIL_LINES), lines.size()));
    }

    /** Closes its standard input, at which it ends, and waits until it has; ends it by force if that takes a minute. */
    @Override
    public void close() {
        try {
            process.getOutputStream().close();
            if (!process.waitFor(END_WITHIN_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly().waitFor();
            }
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        } catch (InterruptedException interrupted) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
