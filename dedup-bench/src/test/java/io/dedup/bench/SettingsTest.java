// SPDX-License-Identifier: Apache-2.0
package io.dedup.bench;

import static org.assertj.core.api.Assertions.assertThat;

import io.dedup.bench.load.Load;
import io.dedup.bench.mode.Modes;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SettingsTest {
    @ParameterizedTest
    @CsvSource({
        "pass-through, 1000, 1000, 1000",
        "pass-through, 5000, 5000, 1000",
        "pass-through, 0, 0, 1000",
        "tutorial, 5000, 1000, 1000",
        "redis, 5000, 200, 200",
        "redis, 100, 100, 200"
    })
    void warmUpOf_modeOfEachPace_isWhatIsAskedForUnlessTheModeIsSlow(
            String mode, long warmUp, long expected, long measured) {
        // Given
        Settings settings = settings(warmUp, 1_000, 200);
        // When, then
        assertThat(settings.warmUpOf(Modes.named(mode).orElseThrow())).isEqualTo(expected);
        assertThat(settings.measuredOf(Modes.named(mode).orElseThrow())).isEqualTo(measured);
        assertThat(settings.recordsOf(Modes.named(mode).orElseThrow()))
                .isEqualTo(expected + measured)
                .isLessThanOrEqualTo(settings.load().records());
    }

    private static Settings settings(long warmUp, long records, long slowRecords) {
        return new Settings(
                List.of(),
                1,
                new Load(warmUp + records, 200, 0.2, 100, Instant.EPOCH, Duration.ofHours(48), Duration.ofHours(24), 1),
                warmUp,
                slowRecords,
                "1g",
                "1g",
                List.of(),
                Map.of(),
                true,
                false,
                List.of(),
                Optional.empty(),
                Path.of("nowhere"));
    }
}
