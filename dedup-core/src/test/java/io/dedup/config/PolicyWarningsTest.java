// SPDX-License-Identifier: Apache-2.0
package io.dedup.config;

import static org.assertj.core.api.Assertions.assertThat;

import io.dedup.DedupPolicy;
import io.dedup.config.ConfigProblem.Code;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PolicyWarningsTest {
    @ParameterizedTest
    @CsvSource({
        // TTL, lateness, ahead, whether each is warned of
        "P1D, P1D, PT1H, false, false, false",
        "PT1S, PT1S, PT1H, false, false, false",
        "PT0.999S, PT0S, PT1H, true, false, false",
        "P1D, P1D, P3650D, false, false, true",
        "P1D, P3650D, PT1H, false, true, false",
        "P1D, P1D, P10D, false, false, false",
        "P1D, P1D, P11D, false, false, true",
        "PT1M, PT1M, P1D, false, false, false"
    })
    void of_durations_areWarnedOfByCode(
            Duration ttl, Duration lateness, Duration ahead, boolean isShort, boolean isLate, boolean isAhead) {
        // When
        List<ConfigProblem> warnings = PolicyWarnings.of(
                DedupPolicy.of(ttl).withAllowedLateness(lateness).withMaxFuture(ahead));
        // Then
        assertThat(warnings).allMatch(warning -> warning.code().isWarning());
        assertThat(warnings.stream().anyMatch(warning -> warning.code() == Code.TTL_TOO_SHORT))
                .isEqualTo(isShort);
        assertThat(warnings.stream().anyMatch(warning -> warning.key().equals("dedup.allowed.lateness.ms")))
                .isEqualTo(isLate);
        assertThat(warnings.stream().anyMatch(warning -> warning.key().equals("dedup.max.future.ms")))
                .isEqualTo(isAhead);
    }

    @Test
    void of_tenYearsAhead_saysWhatIsKept() {
        assertThat(PolicyWarnings.of(DedupPolicy.of(Duration.ofDays(1)).withMaxFuture(Duration.ofDays(3650))))
                .singleElement()
                .satisfies(warning -> assertThat(warning.toString())
                        .startsWith("DEDUP-125 dedup.max.future.ms=315360000000: ")
                        .contains(Duration.ofDays(3652).toString()));
    }
}
