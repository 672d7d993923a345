// SPDX-License-Identifier: Apache-2.0
package io.dedup.runner;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.dedup.config.DedupConfig;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TopicCountTest {
    private static final long NOW = 1_766_000_000_000L;

    private final KeysOnDisk keys = new KeysOnDisk("t");
    private final TopicCount count = new TopicCount(
            DedupConfig.of(
                    Map.of("dedup.key", "header:id", "dedup.ttl.ms", "60000", "dedup.dead.letter.topic", "dead")),
            keys);
    private long offset;

    @AfterEach
    void close() {
        keys.close();
    }

    @Test
    void print_noRecordHasAKey_isNotCleanAndHasItsOwnExitCode() {
        // When
        add(3, null, NOW);
        add(2, "", NOW);
        // Then
        assertThat(print())
                .containsPattern("without a key +5  100.00 %")
                .containsPattern("absent +3  as: The record has no header 'id' \\(t-0@0\\)")
                .containsPattern("empty +2  as: ")
                .contains("Nothing can be said")
                .contains("dedup.key=header:id")
                .doesNotContain("Clean");
        assertThat(count.exitCode()).isEqualTo(ExitCode.NOTHING_KNOWN);
    }

    @ParameterizedTest
    @CsvSource({"1, 1, false", "1, 2, true"})
    void print_someHaveNoKey_saysSoWhereItIsMost(int withKey, int without, boolean isSaid) {
        // When
        add(withKey, "a", NOW);
        add(without, null, NOW);
        // Then
        assertThat(print()).contains("Clean: no duplicate within PT1M.");
        assertThat(print().contains("But only 1 records have a key")).isEqualTo(isSaid);
        assertThat(count.exitCode()).isZero();
    }

    @Test
    void print_noRecord_isEmptyAndNotClean() {
        assertThat(print()).contains("Empty: ").doesNotContain("Clean");
        assertThat(count.exitCode()).isZero();
    }

    @ParameterizedTest
    @CsvSource({
        // of one key, of keys that come once, whether it is conspicuous
        "19, 0, false",
        "20, 0, true",
        "20, 1979, true",
        "20, 1980, false",
        "30, 2969, true",
        "30, 2970, false"
    })
    void print_keyOnManyRecords_isNamed(int often, int once, boolean isNamed) {
        // When
        for (int i = 0; i < once; i++) {
            add(1, "key-" + i, NOW);
        }
        add(often, "shared", NOW);
        // Then
        assertThat(print().contains("shared  on " + often + " records")).isEqualTo(isNamed);
        assertThat(count.exitCode()).isEqualTo(ExitCode.FOUND_SOMETHING);
    }

    /** Further apart than the TTL each is a first, and there is no duplicate to rank it by. */
    @Test
    void print_keyThatIsNeverADuplicate_isNamedAllTheSame() {
        // When
        for (int i = 0; i < 20; i++) {
            add(1, "shared", NOW + i * 60_001L);
        }
        // Then
        assertThat(print()).contains("Clean").contains("shared  on 20 records, 100.00 %");
        assertThat(count.exitCode()).isZero();
    }

    private void add(int records, @Nullable String key, long timestamp) {
        for (int i = 0; i < records; i++) {
            Headers headers = new RecordHeaders();
            if (key != null) {
                headers.add("id", key.getBytes(UTF_8));
            }
            count.take(new ConsumerRecord<>(
                    "t",
                    0,
                    offset++,
                    timestamp,
                    TimestampType.CREATE_TIME,
                    -1,
                    1,
                    null,
                    new byte[] {1},
                    headers,
                    Optional.empty()));
        }
    }

    private String print() {
        StringWriter out = new StringWriter();
        count.print("t", new PrintWriter(out, true));
        return out.toString();
    }
}
