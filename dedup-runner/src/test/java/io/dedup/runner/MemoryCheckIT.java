// SPDX-License-Identifier: Apache-2.0
package io.dedup.runner;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Settings under which what is remembered is not found, on a real broker. */
@Timeout(value = 3, unit = TimeUnit.MINUTES)
class MemoryCheckIT {
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

    @Test
    void check_keyOrScopeIsAnotherThanTheStoreWasWrittenWith_saysSo() throws Exception {
        // Given
        send("changed-in", "a");
        String file = file("changed", "changed").toString();
        Outcome fresh = Outcome.of("check", file);
        assertThat(Outcome.of("run", "--until-end", file).exitCode()).isZero();
        // When
        Outcome same = Outcome.of("check", file);
        Outcome key = Outcome.of("check", "--set", "dedup.key=header:idempotency-key|trim", file);
        Outcome scope = Outcome.of("check", "--set", "dedup.scope=none", file);
        Outcome inspect = Outcome.of("inspect", "--key", "a", "--set", "dedup.key=header:other", file);
        // Then
        assertThat(fresh.err()).isEmpty();
        assertThat(same.err()).isEmpty();
        assertThat(key.exitCode()).isZero();
        assertThat(key.err())
                .contains(
                        "Worth knowing: DEDUP-226 dedup.key=header:idempotency-key|trim: It was header:idempotency-key ")
                .contains("docs/operations.md");
        assertThat(scope.err()).contains("DEDUP-226 dedup.scope=none: It was topic ");
        assertThat(inspect.err()).contains("DEDUP-226 dedup.key=header:other: It was header:idempotency-key ");
        assertThat(inspect.out()).contains("Not remembered");
    }

    @Test
    void checkAndRun_anotherApplicationIdBeforeAFullTarget_sayThatItRemembersNothing() throws Exception {
        // Given
        send("renamed-in", "a");
        assertThat(Outcome.of("run", "--until-end", file("renamed", "renamed").toString())
                        .exitCode())
                .isZero();
        String file = file("renamed-2", "renamed").toString();
        // When
        Outcome check = Outcome.of("check", file);
        Outcome off = Outcome.of("check", "--set", "dedup.mode=off", file);
        Outcome run = Outcome.of("run", "--until-end", file);
        Outcome afterwards = Outcome.of("check", file);
        // Then
        assertThat(check.exitCode()).isZero();
        assertThat(check.err())
                .contains(
                        "Worth knowing: DEDUP-227 application.id=renamed-2: It starts with an empty store for renamed-in")
                .contains("renamed-out has records");
        assertThat(off.err()).doesNotContain("DEDUP-227");
        assertThat(run.exitCode()).isZero();
        assertThat(run.err()).contains("DEDUP-227 application.id=renamed-2");
        assertThat(afterwards.err()).isEmpty();
    }

    @Test
    void verify_keySourceThatNoRecordHas_isNotClean() throws Exception {
        // Given
        send("wrong-in", "a");
        send("wrong-in", "a");
        // When
        Outcome outcome = Outcome.of(
                "verify",
                "--set",
                "dedup.key=header:other",
                "wrong-in",
                file("wrong", "wrong").toString());
        // Then
        assertThat(outcome.exitCode()).isEqualTo(ExitCode.NOTHING_KNOWN);
        assertThat(outcome.out())
                .containsPattern("absent +2  as: The record has no header 'other'")
                .contains("Nothing can be said")
                .doesNotContain("Clean");
    }

    private Path file(String id, String topics) throws IOException {
        return relays.file(directory, id, topics + "-in->" + topics + "-out");
    }

    private static void send(String topic, String idempotencyKey) throws Exception {
        if (!relays.admin().listTopics().names().get().contains(topic)) {
            relays.topic(topic, 1);
        }
        relays.send(topic, idempotencyKey);
    }
}
