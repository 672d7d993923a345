// SPDX-License-Identifier: Apache-2.0
package io.dedup.runner;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Routes of several sources, on a real broker. */
@Timeout(value = 3, unit = TimeUnit.MINUTES)
class SeveralSourcesIT {
    @SuppressWarnings("NullAway.Init") // started before the tests
    private static RelayFixture relays;

    @TempDir
    Path directory;

    @BeforeAll
    static void start() {
        relays = new RelayFixture();
    }

    @AfterAll
    static void stop() {
        relays.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"as-is", "by-key"})
    void run_sameKeysOnTwoSources_areLetThroughOnce(String partitioning) throws Exception {
        // Given
        String id = "regions-" + partitioning;
        String[] sources = {"eu." + id, "us." + id};
        relays.topic(sources[0], 3);
        relays.topic(sources[1], 3);
        relays.send(sources[0], "a", "b", "c");
        relays.send(sources[1], "c", "b", "d");
        Path file = relays.file(
                directory, id, sources[0] + "+" + sources[1] + "->" + id, "dedup.partitioning=" + partitioning);
        // When
        Outcome first = relays.untilEnd(file);
        relays.send(sources[1], "a", "e");
        relays.send(sources[0], "d", "e");
        Outcome second = relays.untilEnd(file);
        // Then
        assertThat(first.exitCode()).as(first.err()).isZero();
        assertThat(first.err()).contains(sources[0] + "+" + sources[1] + " -> " + id);
        assertThat(first.out()).contains(sources[0] + "+" + sources[1] + ": 6 records");
        assertThat(second.exitCode()).as(second.err()).isZero();
        assertThat(relays.read(id)).containsExactlyInAnyOrder("a", "b", "c", "d", "e");
    }

    @Test
    void run_sourceAddedBehindTheFirst_findsWhatIsRemembered() throws Exception {
        // Given
        String id = "added";
        relays.topic(id + "-one", 2);
        relays.topic(id + "-two", 2);
        relays.send(id + "-one", "a", "b");
        assertThat(relays.untilEnd(relays.file(directory, id, id + "-one->" + id))
                        .exitCode())
                .isZero();
        relays.send(id + "-two", "a", "b", "c");
        // When
        Outcome outcome = relays.untilEnd(relays.file(directory, id, id + "-one+" + id + "-two->" + id));
        // Then
        assertThat(outcome.exitCode()).as(outcome.err()).isZero();
        assertThat(relays.read(id)).containsExactlyInAnyOrder("a", "b", "c");
    }

    @Test
    void run_sourcesByPattern_areThoseThatAreThereAtTheStart() throws Exception {
        // Given
        String id = "mirrored";
        relays.topic("eu." + id, 2);
        relays.topic("us." + id, 2);
        relays.topic("other." + id + ".not", 1);
        relays.send("eu." + id, "a");
        relays.send("us." + id, "a", "b");
        relays.send("other." + id + ".not", "x");
        Path file = relays.file(
                directory, id, "eu." + id + "+*." + id + "->all." + id, "dedup.dead.letter.topic=dead." + id);
        // When
        Outcome first = relays.untilEnd(file);
        relays.topic("ap." + id, 2);
        relays.send("ap." + id, "b", "c");
        Outcome second = relays.untilEnd(file);
        Outcome found = Outcome.of("inspect", "--topic", "ap." + id, "--key", "b", file.toString());
        // Then
        assertThat(first.exitCode()).as(first.err()).isZero();
        assertThat(first.err()).contains("eu." + id + "+us." + id + " -> all." + id);
        assertThat(second.exitCode()).as(second.err()).isZero();
        assertThat(second.err()).contains("eu." + id + "+ap." + id + "+us." + id + " -> all." + id);
        assertThat(relays.read("all." + id)).containsExactlyInAnyOrder("a", "b", "c");
        assertThat(found.out()).contains("Remembered").contains("us." + id);
    }

    @Test
    void check_patternAmongTheSources_saysWhatItStandsForWithoutTopicsOfKafkaStreams() throws Exception {
        // Given
        String id = "regions";
        relays.topic("eu." + id, 1);
        relays.topic("us." + id, 1);
        relays.topic("other-dedup-us." + id + "-seen-changelog", 1);
        // When
        Outcome outcome = Outcome.of(
                "check",
                relays.file(directory, id, "eu." + id + "+*" + id + "*+nosuch.*->all." + id)
                        .toString());
        // Then
        assertThat(outcome.exitCode()).as(outcome.err()).isZero();
        assertThat(outcome.out()).contains("On the cluster: eu." + id + "+us." + id + "->all." + id);
        assertThat(outcome.err()).contains("DEDUP-229 dedup.routes=nosuch.*: No topic on the cluster matches it");
    }

    @Test
    void check_anotherSourceFirst_isRefusedSinceNothingWouldBeFound() throws Exception {
        // Given
        String id = "swapped";
        relays.topic(id + "-one", 1);
        relays.topic(id + "-two", 1);
        relays.send(id + "-one", "a");
        assertThat(relays.untilEnd(relays.file(directory, id, id + "-one->" + id))
                        .exitCode())
                .isZero();
        // When
        Outcome outcome = Outcome.of(
                "check",
                relays.file(directory, id, id + "-two+" + id + "-one->" + id).toString());
        // Then
        assertThat(outcome.exitCode()).isEqualTo(ExitCode.CONFIGURATION_INVALID);
        assertThat(outcome.err())
                .contains("DEDUP-225 dedup.routes=" + id + "-two+" + id + "-one->" + id)
                .contains("Name " + id + "-one first");
    }

    @Test
    void check_sourcesOfUnequalPartitions_areRefusedUnlessKeysDecide() throws Exception {
        // Given
        String id = "uneven";
        relays.topic(id + "-one", 2);
        relays.topic(id + "-two", 3);
        relays.send(id + "-one", "a", "b", "c", "d");
        relays.send(id + "-two", "d", "c", "b", "a");
        String routes = id + "-one+" + id + "-two->" + id;
        // When
        Outcome asIs = Outcome.of("check", relays.file(directory, id, routes).toString());
        Outcome byKey = relays.untilEnd(relays.file(directory, id, routes, "dedup.partitioning=by-key"));
        // Then
        assertThat(asIs.exitCode()).isEqualTo(ExitCode.CONFIGURATION_INVALID);
        assertThat(asIs.err())
                .contains("DEDUP-203 dedup.routes=" + id + "-one: It has 2 partitions, and " + id + "-two has 3")
                .contains("dedup.partitioning=by-key");
        assertThat(byKey.exitCode()).as(byKey.err()).isZero();
        assertThat(relays.read(id)).containsExactlyInAnyOrder("a", "b", "c", "d");
    }

    /** A command for a key of another route that shares the control topic must not reach the key of this one. */
    @Test
    void inspectAndForget_keyOfTheSecondSource_isTheKeyOfTheRoute() throws Exception {
        // Given
        String id = "asked";
        relays.topic(id + "-one", 1);
        relays.topic(id + "-two", 1);
        relays.topic(id + "-other", 1);
        relays.topic(id + "-control", 1);
        String routes = id + "-one+" + id + "-two->" + id + "," + id + "-other->" + id + "-other-out";
        Path file = relays.file(directory, id, routes, "dedup.control.topic=" + id + "-control");
        relays.send(id + "-one", "a", "b");
        relays.send(id + "-other", "b");
        assertThat(relays.untilEnd(file).exitCode()).isZero();
        // When
        Outcome found = Outcome.of("inspect", "--topic", id + "-two", "--key", "a", file.toString());
        assertThat(Outcome.of("forget", "--topic", id + "-two", "--key", "a", file.toString())
                        .exitCode())
                .isZero();
        assertThat(Outcome.of("forget", "--topic", id + "-other", "--key", "b", file.toString())
                        .exitCode())
                .isZero();
        Outcome commands = relays.untilEnd(file, "--set", "max.task.idle.ms=2000");
        relays.send(id + "-two", "a", "b");
        relays.send(id + "-other", "b");
        Outcome after = relays.untilEnd(file, "--set", "max.task.idle.ms=2000");
        // Then
        assertThat(found.out()).contains("Remembered").contains(id + "-one-0@0");
        assertThat(commands.exitCode()).isZero();
        assertThat(after.exitCode()).as(after.err()).isZero();
        assertThat(relays.read(id)).containsExactlyInAnyOrder("a", "b", "a");
        assertThat(relays.read(id + "-other-out")).containsExactlyInAnyOrder("b", "b");
    }
}
