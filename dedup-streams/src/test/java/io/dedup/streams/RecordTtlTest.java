// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams;

import static io.dedup.key.KeyExtractors.header;
import static io.dedup.streams.DedupFixture.KEY_HEADER;
import static io.dedup.streams.DedupFixture.NOW;
import static io.dedup.streams.DedupFixture.header;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.dedup.DedupHeaders;
import java.time.Duration;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.streams.test.TestRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A record asks for a TTL of its own. */
class RecordTtlTest {
    private static final long T = NOW.toEpochMilli();
    private static final Dedup DEDUP =
            Dedup.by(header(KEY_HEADER)).within(Duration.ofSeconds(10)).withTtlHeader("ttl");

    @Test
    void withTtlHeader_boundaryOfTheRecordsOwnTtl_isIncluded() {
        try (DedupFixture fixture = DedupFixture.of(DEDUP)) {
            // When
            send(fixture, "a", "1", "100", T);
            send(fixture, "a", "2", "100", T + 100);
            send(fixture, "a", "3", "100", T + 101);
            // Then
            assertThat(fixture.out()).containsExactly("1", "3");
        }
    }

    @Test
    void withTtlHeader_outOfOrder_theTtlOfTheEarlierOneCounts() {
        try (DedupFixture fixture = DedupFixture.of(DEDUP)) {
            // When
            send(fixture, "a", "first", "10000", T);
            send(fixture, "a", "asks for 100", "100", T - 100);
            send(fixture, "a", "asks for 99", "99", T - 200);
            // Then
            assertThat(fixture.out()).containsExactly("first", "asks for 99");
        }
    }

    @Test
    void withTtlHeader_keyUsedAgainSoon_stragglersOfBothUsesAreDuplicates() {
        try (DedupFixture fixture = DedupFixture.of(DEDUP)) {
            // When
            send(fixture, "a", "use 1", "100", T);
            send(fixture, "a", "use 2", "100", T + 500);
            send(fixture, "a", "straggler of 1", "100", T + 50);
            send(fixture, "a", "straggler of 2", "100", T + 550);
            send(fixture, "a", "between", "100", T + 200);
            // Then
            assertThat(fixture.out()).containsExactly("use 1", "use 2", "between");
        }
    }

    @Test
    void withTtlHeader_keyUsedTooOften_whatMayBeForgottenIsLateAndNeverASecondFirst() {
        try (DedupFixture fixture = DedupFixture.of(DEDUP)) {
            // Given
            long bucket = Math.floorDiv(T, 10_001) * 10_001;
            for (int i = 0; i < 20; i++) {
                send(fixture, "a", "use " + i, "10", bucket + 100L * i);
            }
            assertThat(fixture.out()).hasSize(20);
            // When
            send(fixture, "a", "use 0", "10", bucket + 5);
            // Then
            assertThat(fixture.out()).isEmpty();
            assertThat(fixture.read("dead"))
                    .singleElement()
                    .satisfies(letter ->
                            assertThat(header(letter, DedupHeaders.REASON)).isEqualTo("late"));
        }
    }

    @Test
    void withTtlHeader_absent_theTtlOfTheOperatorCounts() {
        try (DedupFixture fixture = DedupFixture.of(DEDUP)) {
            fixture.send("a", "1", T).send("a", "2", T + 10_000).send("a", "3", T + 10_001);
            assertThat(fixture.out()).containsExactly("1", "3");
        }
    }

    @ParameterizedTest
    @CsvSource({
        "'',        not-a-number",
        "ten,       not-a-number",
        "1.5,       not-a-number",
        "PT1S,      not-a-number",
        "0,         not-positive",
        "-0,        not-positive",
        "-5,        not-positive",
        "10001,     too-long",
        "99999999999999999999999999, too-long"
    })
    void withTtlHeader_nonsense_isRefusedWithTheReasonAndNotRemembered(String ttl, String reason) {
        try (DedupFixture fixture = DedupFixture.of(DEDUP)) {
            // When
            send(fixture, "a", "nonsense", ttl, T);
            send(fixture, "a", "sense", " +0010000 ", T);
            send(fixture, "a", "a duplicate whatever it asks for", ttl, T);
            // Then
            assertThat(fixture.out()).containsExactly("sense");
            assertThat(fixture.read("dead")).singleElement().satisfies(letter -> {
                assertThat(letter.value()).isEqualTo("nonsense");
                assertThat(header(letter, DedupHeaders.REASON)).isEqualTo("invalid-ttl:" + reason);
                assertThat(header(letter, DedupHeaders.DETAIL)).contains("'ttl'");
            });
            assertThat(fixture.metric("invalid-ttls-total")).isEqualTo(1);
        }
    }

    @Test
    void withTtlHeader_severalThatDiffer_isRefused() {
        RecordHeaders headers = new RecordHeaders();
        headers.add(KEY_HEADER, "a".getBytes(UTF_8))
                .add("ttl", "5".getBytes(UTF_8))
                .add("ttl", "6".getBytes(UTF_8));
        try (DedupFixture fixture = DedupFixture.of(DEDUP)) {
            // When
            fixture.send(new TestRecord<>("k", "v", headers, T));
            // Then
            assertThat(fixture.read("dead"))
                    .extracting(letter -> header(letter, DedupHeaders.REASON))
                    .containsExactly("invalid-ttl:ambiguous");
        }
    }

    private static void send(DedupFixture fixture, String key, String value, String ttl, long time) {
        RecordHeaders headers = new RecordHeaders();
        headers.add(KEY_HEADER, key.getBytes(UTF_8)).add("ttl", ttl.getBytes(UTF_8));
        fixture.send(new TestRecord<>("k", value, headers, time));
    }
}
