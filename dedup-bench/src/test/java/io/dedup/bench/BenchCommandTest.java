// SPDX-License-Identifier: Apache-2.0
package io.dedup.bench;

import static org.assertj.core.api.Assertions.assertThat;

import io.dedup.bench.mode.Mode;
import io.dedup.bench.mode.Modes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BenchCommandTest {
    @Test
    void modes_unknown_isRefusedAndNamesTheModes() {
        // When
        CommandRun run = CommandRun.of(Modes::named, "--modes", "pass-through,nonsense");
        // Then
        assertThat(run.exitCode()).isEqualTo(2);
        assertThat(run.err()).contains("There is no mode 'nonsense'");
        assertThat(Modes.all())
                .extracting(Mode::name)
                .allSatisfy(name -> assertThat(run.err()).contains(name));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "--records=0",
                "--rounds=0",
                "--duplicate-ratio=1",
                "--duplicate-reach=0",
                "--span=0s",
                "--value-bytes=7",
                "--growth=0",
                "--rate=0",
                "--slow-records=0",
                "--warm-up=-1",
                "--json=/there/is/no/such/directory/results.json"
            })
    void option_unusable_isRefused(String option) {
        assertThat(CommandRun.of(Modes::named, option).exitCode()).isEqualTo(2);
    }

    @Test
    void latency_withoutARateOrTheModeItFollowsFrom_isRefused() {
        // When
        CommandRun run = CommandRun.of(Modes::named, "--latency", "--modes", "memory");
        // Then
        assertThat(run.exitCode()).isEqualTo(2);
        assertThat(run.err()).contains("--rate");
    }

    @Test
    void outputs_cannotBeWritten_areRefusedBeforeAnythingIsMeasured(@TempDir Path directory) throws IOException {
        Path file = Files.createFile(directory.resolve("a-file"));
        assertThat(CommandRun.of(Modes::named, "--json", directory.toString()).exitCode())
                .isEqualTo(2);
        assertThat(CommandRun.of(Modes::named, "--plots", file.toString()).exitCode())
                .isEqualTo(2);
    }

    @Test
    void growth_onlyModesThatMakeACallForEachRecord_isRefused() {
        // When
        CommandRun run = CommandRun.of(Modes::named, "--growth", "1000", "--modes", "redis,jdbc");
        // Then
        assertThat(run.exitCode()).isEqualTo(2);
        assertThat(run.err()).contains("--growth needs a mode");
    }

    @Test
    void plots_directoryHasTheNameOfASubcommand_isTaken() {
        assertThat(CommandRun.of(Modes::named, "--plots", "plots", "--records=0")
                        .err())
                .contains("--records must be at least 1");
    }

    @Test
    void help_always_describesEveryMode() {
        // When
        CommandRun run = CommandRun.of(Modes::named, "--help");
        // Then
        assertThat(run.exitCode()).isZero();
        assertThat(Modes.all())
                .extracting(Mode::name)
                .allSatisfy(name -> assertThat(run.out()).contains("  " + name));
    }
}
