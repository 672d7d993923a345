// SPDX-License-Identifier: Apache-2.0
package io.dedup.handler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.dedup.testing.TestServers;
import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Properties;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Four thousand virtual threads that two carriers run, in a process of the newest Java that is there. Where there is none from 21 on,
 * nothing of this is run, and the log says so.
 *
 * <p>Monitors pin virtual threads in Java 21 to 23; in 24 and 25 they do where the old kind of locks is chosen, as it is here.
 */
@Timeout(value = 10, unit = TimeUnit.MINUTES)
class VirtualThreadsIT {
    private static final Logger LOGGER = LoggerFactory.getLogger(VirtualThreadsIT.class);
    /** Where a Java is, if it is not found. */
    private static final String HOME = "dedup.virtual.java.home";

    private static final int VIRTUAL_THREADS_SINCE = 21;
    private static final int MONITORS_DO_NOT_PIN_SINCE = 24;
    private static final int LOCKING_CHOSEN_UNTIL = 25;

    @SuppressWarnings("NullAway.Init") // found before the tests
    private static Java newest;

    @SuppressWarnings("NullAway.Init") // started before the tests
    private static TestServers.Postgres postgres;

    @SuppressWarnings("NullAway.Init") // started before the tests
    private static TestServers.Redis redis;

    @TempDir
    Path directory;

    /** A Java that is installed. */
    private record Java(Path home, int version) {
        static Optional<Java> in(Path home) {
            Path release = home.resolve("release");
            if (!Files.isExecutable(home.resolve("bin").resolve("java")) || !Files.isRegularFile(release)) {
                return Optional.empty();
            }
            Properties about = new Properties();
            try (Reader reader = Files.newBufferedReader(release)) {
                about.load(reader);
            } catch (IOException unreadable) {
                throw new IllegalStateException("The release of a Java cannot be read: " + release, unreadable);
            }
            String version = about.getProperty("JAVA_VERSION", "").replace("\"", "");
            return version.isEmpty()
                    ? Optional.empty()
                    : Optional.of(new Java(home, Runtime.Version.parse(version).feature()));
        }

        static Optional<Java> newest() throws IOException {
            List<Path> homes = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"))));
            System.getenv().forEach((name, value) -> {
                if (name.startsWith("JAVA_HOME")) {
                    homes.add(Path.of(value));
                }
            });
            Path installed = Path.of("/usr/lib/jvm");
            if (Files.isDirectory(installed)) {
                try (Stream<Path> found = Files.list(installed)) {
                    homes.addAll(found.toList());
                }
            }
            String configured = System.getProperty(HOME);
            return (configured == null ? homes : List.of(Path.of(configured)))
                    .stream().flatMap(home -> in(home).stream()).max(Comparator.comparingInt(Java::version));
        }

        List<String> pinningLocks() {
            return version >= MONITORS_DO_NOT_PIN_SINCE && version <= LOCKING_CHOSEN_UNTIL
                    ? List.of("-XX:LockingMode=1")
                    : List.of();
        }
    }

    @BeforeAll
    static void start() throws IOException {
        Optional<Java> found = Java.newest().filter(java -> java.version() >= VIRTUAL_THREADS_SINCE);
        if (found.isEmpty()) {
            LOGGER.warn(
                    "NOT RUN: handlers that virtual threads call. There is no Java 21 or later in /usr/lib/jvm,"
                            + " JAVA_HOME_* or -D{}",
                    HOME);
        }
        assumeTrue(found.isPresent(), "Java 21 or later is there");
        newest = found.orElseThrow();
        LOGGER.info("Virtual threads of Java {} in {}", newest.version(), newest.home());
        postgres = TestServers.postgres();
        redis = TestServers.redis();
    }

    @AfterAll
    static void stop() throws IOException {
        if (postgres != null) {
            postgres.close();
        }
        if (redis != null) {
            redis.close();
        }
    }

    @ParameterizedTest
    @CsvSource({
        "handle,memory", "handle,jdbc", "handle,jedis", "handle,lettuce",
        "handleAsync,memory", "handleAsync,jdbc", "handleAsync,jedis", "handleAsync,lettuce"
    })
    void handle_virtualThreadsAndMonitorsThatPin_eachEffectOnceAndNonePinned(String way, String store)
            throws Exception {
        // When
        Properties result = called(2, newest.pinningLocks(), way, store);
        // Then
        assertEachOnce(result);
        assertThat(result.getProperty("pinned.by.monitor"))
                .as("a thread that waits under a monitor was seen to be pinned")
                .isEqualTo(String.valueOf(newest.version() <= LOCKING_CHOSEN_UNTIL));
        assertThat(result.getProperty("pinned"))
                .as("pinned for whatever time: %s", result.getProperty("pinned.where"))
                .isEqualTo("0");
    }

    /** Where a thread that spins or waits under a monitor would stop all others. */
    @ParameterizedTest
    @CsvSource({"handle,memory", "handle,jdbc"})
    void handle_virtualThreadsOfOneCarrier_eachEffectOnce(String way, String store) throws Exception {
        assertEachOnce(called(1, List.of(), way, store));
    }

    private static void assertEachOnce(Properties result) {
        assertThat(result)
                .containsEntry("keys", String.valueOf(VirtualCallers.KEYS))
                .containsEntry("effects", String.valueOf(VirtualCallers.KEYS))
                .containsEntry("done", String.valueOf(VirtualCallers.KEYS))
                .containsEntry("replayed", String.valueOf(VirtualCallers.CALLS - VirtualCallers.KEYS))
                .containsEntry("answers.right", String.valueOf(VirtualCallers.CALLS));
        assertThat(Integer.parseInt(result.getProperty("waited")))
                .as("calls that have waited for another owner")
                .isPositive();
    }

    private Properties called(int carriers, List<String> options, String way, String store) throws Exception {
        Path file = directory.resolve("result");
        Path log = directory.resolve("log");
        List<String> command = new ArrayList<>(List.of(
                newest.home().resolve("bin").resolve("java").toString(),
                "-Xmx1g",
                "-Djdk.virtualThreadScheduler.parallelism=" + carriers,
                "-Djdk.virtualThreadScheduler.maxPoolSize=" + carriers,
                "-XX:FlightRecorderOptions:stackdepth=256"));
        command.addAll(options);
        command.addAll(List.of(
                "-cp",
                System.getProperty("java.class.path"),
                VirtualCallers.class.getName(),
                way,
                store,
                address(store),
                file.toString()));
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        try {
            assertThat(process.waitFor(3, TimeUnit.MINUTES))
                    .as(() -> "ended: " + text(log))
                    .isTrue();
        } finally {
            process.destroyForcibly();
        }
        assertThat(process.exitValue()).as(() -> text(log)).isZero();
        Properties result = new Properties();
        try (Reader reader = Files.newBufferedReader(file)) {
            result.load(reader);
        }
        LOGGER.info("{} on {} with {} carriers: {}", way, store, carriers, result);
        return result;
    }

    private static String address(String store) {
        return switch (store) {
            case "jdbc" -> postgres.url();
            case "jedis", "lettuce" -> "redis://" + redis.host() + ":" + redis.port();
            default -> "in the process";
        };
    }

    private static String text(Path log) {
        try {
            return Files.readString(log);
        } catch (IOException failed) {
            return failed.toString();
        }
    }
}
