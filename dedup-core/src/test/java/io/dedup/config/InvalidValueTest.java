// SPDX-License-Identifier: Apache-2.0
package io.dedup.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class InvalidValueTest {
    @ParameterizedTest
    @CsvSource({
        "dedup.ttl.ms, 24h, 86400000",
        "dedup.ttl.ms, 24 h, 86400000",
        "dedup.ttl.ms, 500ms, 500",
        "dedup.ttl.ms, 7D, 604800000",
        "dedup.ttl.ms, 86_400_000, 86400000",
        "dedup.ttl.ms, '86,400,000', 86400000",
        "dedup.store.memory.max.bytes, 64MB, 64000000",
        "dedup.store.memory.max.bytes, 64MiB, 67108864",
        "dedup.outcome.max.bytes, 1k, 1024",
        "dedup.store.rocksdb.threads, '1,000', 1000"
    })
    void check_amountWithAUnit_isWrittenInTheUnitOfTheKey(String key, String text, String meant) {
        // When
        List<ConfigProblem> problems = DedupConfig.check(Map.of(key, text, "dedup.dead.letter.topic", "dead"));
        // Then
        assertThat(problems)
                .singleElement()
                .satisfies(problem -> assertThat(problem.toString())
                        .startsWith("DEDUP-102 " + key + "=" + text + ": This is not a whole number")
                        .contains("Write " + key + "=" + meant + ". Allowed: [")
                        .doesNotContain("null")
                        .doesNotContain("LONG"));
    }

    @ParameterizedTest
    @CsvSource({"dedup.ttl.ms, soon", "dedup.ttl.ms, 3MB", "dedup.outcome.max.bytes, 1h", "dedup.ttl.ms, 1.5h"})
    void check_noAmountOfThatKind_saysTheUnitAndGuessesNothing(String key, String text) {
        assertThat(DedupConfig.check(Map.of(key, text, "dedup.dead.letter.topic", "dead")))
                .singleElement()
                .satisfies(problem -> assertThat(problem.toString())
                        .contains(key.endsWith(".ms") ? "of milliseconds, without a unit" : "of bytes, without a unit")
                        .doesNotContain("Write "));
    }

    @Test
    void meant_moreThanALong_isNothing() {
        assertThat(InvalidValue.meant("dedup.ttl.ms", "99999999999999999d")).isEmpty();
    }
}
