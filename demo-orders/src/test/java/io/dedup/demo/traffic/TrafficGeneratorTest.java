// SPDX-License-Identifier: Apache-2.0
package io.dedup.demo.traffic;

import static java.util.stream.Collectors.groupingBy;
import static java.util.stream.Collectors.mapping;
import static java.util.stream.Collectors.toSet;
import static org.assertj.core.api.Assertions.assertThat;

import io.dedup.Verdict;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TrafficGeneratorTest {
    private static final long NOW = 1_766_000_000_000L;
    private static final Duration DAY = Duration.ofDays(1);
    private static final Duration HOUR = Duration.ofHours(1);

    @Test
    void generate_sameSeed_isTheSameTraffic() {
        assertThat(TrafficGenerator.generate(500, 0.5, 7, DAY, NOW))
                .isEqualTo(TrafficGenerator.generate(500, 0.5, 7, DAY, NOW))
                .isNotEqualTo(TrafficGenerator.generate(500, 0.5, 8, DAY, NOW));
    }

    @Test
    void generate_counts_areWhatWasAskedFor() {
        // When
        Traffic traffic = TrafficGenerator.generate(10_000, 0.3, 7, DAY, NOW);
        // Then
        Truth truth = traffic.truth();
        assertThat(traffic.operations()).isEqualTo(10_000);
        assertThat(truth.entries()).isEqualTo(10_000);
        assertThat(truth.count(Verdict.FIRST)).isEqualTo(10_000);
        assertThat(truth.count(Verdict.DUPLICATE)).isEqualTo(3_000);
        for (Verdict mistake : List.of(Verdict.MISSING_KEY, Verdict.CONFLICT, Verdict.LATE, Verdict.FUTURE)) {
            assertThat(truth.count(mistake)).isEqualTo(20);
        }
        assertThat(traffic.sendings()).hasSize(13_080);
    }

    /** The generator knows the truth because it made it; the reference works it out from the records alone. */
    @ParameterizedTest
    @CsvSource({
        "1, 0, 1, PT24H, 1",
        "1, 3, 2, PT24H, 4",
        "3000, 0.3, 7, PT24H, 4",
        "3000, 2.0, 8, PT24H, 1",
        "3000, 0.3, 9, PT1S, 4",
        "3000, 0.3, 10, PT10M, 7",
        "3000, 0.3, 11, P3650D, 4"
    })
    void generate_anyParameters_referenceComesToTheSameTruth(
            int events, double ratio, long seed, Duration ttl, int partitions) {
        // Given
        Traffic traffic = TrafficGenerator.generate(events, ratio, seed, ttl, NOW);
        // When
        Truth reference = Reference.truth(traffic.sendings(), partitions, ttl, HOUR, NOW);
        // Then
        assertThat(reference.ledger()).isEqualTo(traffic.truth().ledger());
        for (Verdict verdict : Verdict.values()) {
            assertThat(reference.count(verdict))
                    .as(verdict.text())
                    .isEqualTo(traffic.truth().count(verdict));
        }
    }

    @Test
    void generate_producers_behaveLikeTheRealThing() {
        // When
        List<Sending> sendings =
                TrafficGenerator.generate(2_000, 0.5, 7, DAY, NOW).sendings();
        // Then
        assertThat(sendings)
                .as("a gateway's own spelling")
                .anyMatch(s -> s.value().startsWith("{\"relayedBy\""));
        assertThat(sendings.stream().map(Sending::topic).distinct()).containsExactlyInAnyOrder("orders", "payments");
        assertThat(sendings.stream()
                        .filter(s -> s.topic().equals("orders") && s.idempotencyKey() != null)
                        .collect(groupingBy(s -> String.valueOf(s.idempotencyKey()), mapping(Sending::key, toSet())))
                        .values())
                .as("orders retried under new record keys")
                .anyMatch(keys -> keys.size() > 1);
        long outOfOrder = 0;
        for (int i = 1; i < sendings.size(); i++) {
            outOfOrder += sendings.get(i).timestamp() < sendings.get(i - 1).timestamp() ? 1 : 0;
        }
        assertThat(outOfOrder).isGreaterThan(500);
        assertThat(sendings)
                .allSatisfy(
                        s -> assertThat(OperationJson.read(s.value().getBytes(java.nio.charset.StandardCharsets.UTF_8)))
                                .isEqualTo(s.operation()));
    }
}
