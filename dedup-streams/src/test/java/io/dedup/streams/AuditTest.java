// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams;

import static io.dedup.key.KeyExtractors.header;
import static io.dedup.streams.DedupFixture.KEY_HEADER;
import static io.dedup.streams.DedupFixture.NOW;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.dedup.Partitioning;
import java.time.Duration;
import java.util.Map;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Produced;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** How the audit is put in; what it finds is in {@code AuditIT}. */
class AuditTest {
    private static final long T = NOW.toEpochMilli();
    private static final int KEYS = 4_000;
    private static final Dedup DEDUP = Dedup.by(header(KEY_HEADER)).within(Duration.ofMinutes(10));

    @ParameterizedTest
    @ValueSource(doubles = {0.01, 0.25, 1})
    void withPartitionAudit_share_aboutThatManyKeysAreSampled(double share) {
        try (DedupFixture fixture =
                DedupFixture.of(topology(DEDUP.withPartitionAudit(share)), Map.of("application.id", "app"))) {
            // When
            for (int i = 0; i < KEYS; i++) {
                fixture.send("key-" + i, "v", T);
            }
            // Then
            double sampled = fixture.read("app-dedup-audit-repartition").size();
            assertThat(sampled / KEYS).isBetween(share * 0.6, share * 1.4);
            assertThat(fixture.out()).hasSize(KEYS);
        }
    }

    @Test
    void withPartitionAudit_sameKeyAgain_isSampledAgain() {
        try (DedupFixture fixture =
                DedupFixture.of(topology(DEDUP.withPartitionAudit(0.5)), Map.of("application.id", "app"))) {
            for (int i = 0; i < 100; i++) {
                fixture.send("key-" + i, "v", T).send("key-" + i, "v", T);
            }
            assertThat(fixture.read("app-dedup-audit-repartition").size())
                    .isPositive()
                    .isEven();
        }
    }

    @Test
    void withPartitionAudit_recordsWithoutKeyOrFromTheFuture_areNotSampled() {
        try (DedupFixture fixture =
                DedupFixture.of(topology(DEDUP.withPartitionAudit(1)), Map.of("application.id", "app"))) {
            fixture.send(null, "v", T).send("a", "v", T + Duration.ofDays(1).toMillis());
            assertThat(fixture.read("app-dedup-audit-repartition")).isEmpty();
        }
    }

    @Test
    void topology_withoutAudit_hasNoneOfIt() {
        assertThat(topology(DEDUP).describe().toString()).doesNotContain("audit");
    }

    @Test
    void withPartitionAudit_whereItMakesNoSense_isRefused() {
        assertThatIllegalArgumentException().isThrownBy(() -> DEDUP.withPartitionAudit(1.1));
        assertThatIllegalArgumentException().isThrownBy(() -> DEDUP.withPartitionAudit(Double.NaN));
        Dedup audited = DEDUP.withPartitionAudit(0.1);
        assertThatIllegalStateException().isThrownBy(audited::supplier);
        assertThatIllegalStateException().isThrownBy(() -> topology(audited.withPartitioning(Partitioning.BY_KEY)));
    }

    private static Topology topology(Dedup dedup) {
        StreamsBuilder builder = new StreamsBuilder();
        dedup.apply(builder.stream("in", Consumed.with(Serdes.String(), Serdes.String())))
                .to("out", Produced.with(Serdes.String(), Serdes.String()));
        return builder.build();
    }
}
