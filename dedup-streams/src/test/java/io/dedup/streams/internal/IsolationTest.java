// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class IsolationTest {
    @ParameterizedTest
    @CsvSource(
            nullValues = "-",
            value = {
                "exactly_once_v2, -,                -,                true",
                "-,               -,                -,                false",
                "at_least_once,   read_committed,   -,                true",
                "at_least_once,   read_committed,   read_uncommitted, false",
                "at_least_once,   read_uncommitted, read_committed,   true"
            })
    void problem_whatIsRolledBackIsRead_isNamed(String guarantee, String general, String main, boolean isFine) {
        Map<String, Object> configs = new HashMap<>();
        configs.put("processing.guarantee", guarantee);
        configs.put("isolation.level", general);
        configs.put("main.consumer.isolation.level", main);
        if (isFine) {
            assertThat(Isolation.problem(configs)).isEmpty();
        } else {
            assertThat(Isolation.problem(configs))
                    .hasValueSatisfying(problem -> assertThat(problem.toString())
                            .contains("DEDUP-117 consumer.isolation.level")
                            .contains("Set it to read_committed"));
        }
    }
}
