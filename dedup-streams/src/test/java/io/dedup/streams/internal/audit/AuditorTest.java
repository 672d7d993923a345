// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.audit;

import static io.dedup.key.KeyExtractors.header;
import static io.dedup.streams.DedupFixture.KEY_HEADER;
import static io.dedup.streams.DedupFixture.NOW;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.dedup.Coordinates;
import io.dedup.streams.internal.Origin;
import io.dedup.streams.internal.operator.DedupSettings;
import io.dedup.streams.internal.store.SeenStores;
import io.dedup.streams.store.StoreEngine;
import java.io.File;
import java.time.Duration;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.processor.TaskId;
import org.apache.kafka.streams.processor.api.MockProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.TimestampedWindowStore;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Two seen records of one key. */
class AuditorTest {
    private static final long T = NOW.toEpochMilli();
    private static final DedupSettings SETTINGS = DedupSettings.of("dedup", header(KEY_HEADER))
            .with(draft -> {
                draft.policy = draft.policy.withTtl(Duration.ofMinutes(10));
                draft.ttlHeader = "ttl";
                draft.auditShare = 1;
            });

    private final MockProcessorContext<Void, Void> context =
            new MockProcessorContext<>(new Properties(), new TaskId(0, 0), new File("unused"));
    private final Auditor auditor = new Auditor(SETTINGS);

    @BeforeEach
    void start() {
        TimestampedWindowStore<Bytes, byte[]> store = SeenStores.builder(
                        "dedup-audit-seen", StoreEngine.memory(), SETTINGS.policy(), Map.of())
                .withLoggingDisabled()
                .build();
        store.init(context.getStateStoreContext(), store);
        context.addStateStore(store);
        context.setCurrentSystemTimeMs(T);
        auditor.init(context);
    }

    @ParameterizedTest
    @CsvSource({
        "0, 0,      600000, 0",
        "1, 0,      600000, 1",
        "1, 600000, 600000, 1",
        "1, 600001, 600000, 0",
        "1, 100,    100,    1",
        "1, 101,    100,    0"
    })
    void process_secondSeenRecord_isReportedOnAnotherPartitionWithinTheTtl(
            int partition, long later, String ttl, double reported) {
        // When
        auditor.process(sample(0, T - 700_000, ttl));
        auditor.process(sample(partition, T - 700_000 + later, ttl));
        // Then
        double counted = context.metrics().metrics().entrySet().stream()
                .filter(metric -> metric.getKey().name().equals("split-keys-total"))
                .mapToDouble(metric -> (double) metric.getValue().metricValue())
                .sum();
        assertThat(counted).isEqualTo(reported);
    }

    private static Record<byte[], byte[]> sample(int partition, long time, String ttl) {
        Origin origin = new Origin(new Coordinates("in", partition, 1), time, false);
        return new Record<>(
                "PREFIX-1key".getBytes(UTF_8),
                origin.encode(),
                time,
                new RecordHeaders().add("ttl", ttl.getBytes(UTF_8)));
    }
}
