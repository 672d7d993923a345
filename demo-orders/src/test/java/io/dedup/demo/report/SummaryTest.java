// SPDX-License-Identifier: Apache-2.0
package io.dedup.demo.report;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.dedup.Verdict;
import io.dedup.demo.traffic.Operation;
import io.dedup.demo.traffic.Sending;
import io.dedup.demo.traffic.Sending.Header;
import io.dedup.demo.traffic.Topics;
import io.dedup.demo.traffic.Traffic;
import io.dedup.demo.traffic.Truth;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine.Help.Ansi;

/** The judge of a run is tried itself: a known loss and a known double charge must be found. */
class SummaryTest {
    private static final String JSON =
            "{\"orderId\":\"1\",\"customerId\":\"c\",\"amountCents\":123456,\"currency\":\"EUR\"}";
    private static final Truth.Entry ENTRY = new Truth.Entry("orders", "k", 123_456, "EUR");
    private static final Truth.Entry WRONG_AMOUNT = new Truth.Entry("orders", "k", 1, "EUR");
    private static final Sending SENDING = new Sending(
            "orders",
            "c",
            "c",
            1,
            List.of(new Header("idempotency-key", "k")),
            new Operation("1", null, "c", 123_456, "EUR"),
            JSON);
    /** One operation, sent three times, once of them without its key. */
    private static final Traffic TRAFFIC = new Traffic(
            1,
            List.of(SENDING, SENDING, SENDING),
            new Truth(Map.of(ENTRY, 1), Map.of(Verdict.FIRST, 1, Verdict.DUPLICATE, 1, Verdict.MISSING_KEY, 1)));

    @Test
    void of_everythingAsItShouldBe_passes() {
        // When
        Summary summary = Summary.of(TRAFFIC, outcome(Map.of(ENTRY, 1), 1, 1, 1), 1.25);
        // Then
        assertThat(summary.problems()).isEmpty();
        assertThat(summary.isPassed()).isTrue();
        assertThat(summary.naiveDoubleChargeCents()).isEqualTo(Map.of("EUR", 123_456L));
        assertThat(summary.missingKey()).isEqualTo(1);
    }

    @Test
    void of_chargedTwice_isFound() {
        // When
        Summary summary = Summary.of(TRAFFIC, outcome(Map.of(ENTRY, 2), 2, 0, 1), 1);
        // Then
        assertThat(summary.isPassed()).isFalse();
        assertThat(summary.chargedTwice()).isEqualTo(1);
        assertThat(summary.lost()).isZero();
    }

    @Test
    void of_lost_isFound() {
        // When
        Summary summary = Summary.of(TRAFFIC, outcome(Map.of(), 0, 2, 1), 1);
        // Then
        assertThat(summary.isPassed()).isFalse();
        assertThat(summary.lost()).isEqualTo(1);
        assertThat(summary.chargedTwice()).isZero();
    }

    @Test
    void of_otherAmountCharged_isBothLostAndWronglyCharged() {
        // When
        Summary summary = Summary.of(TRAFFIC, outcome(Map.of(WRONG_AMOUNT, 1), 1, 1, 1), 1);
        // Then
        assertThat(summary.isPassed()).isFalse();
        assertThat(summary.lost()).isEqualTo(1);
        assertThat(summary.chargedTwice()).isEqualTo(1);
    }

    @Test
    void of_recordThatWentNowhere_isFound() {
        // When
        Summary summary = Summary.of(TRAFFIC, outcome(Map.of(ENTRY, 1), 1, 1, 0), 1);
        // Then
        assertThat(summary.isPassed()).isFalse();
        assertThat(summary.problems()).anyMatch(problem -> problem.startsWith("missing-key: should be 1, and is 0"));
    }

    @Test
    void text_passedAndFailed_areReadAtAGlance() {
        // When
        String passed = SummaryText.of(Summary.of(TRAFFIC, outcome(Map.of(ENTRY, 1), 1, 1, 1), 1), Ansi.OFF);
        String failed = SummaryText.of(Summary.of(TRAFFIC, outcome(Map.of(), 1, 1, 1), 1), Ansi.OFF);
        // Then
        assertThat(passed)
                .contains("PASSED")
                .contains("EUR 1,234.56 twice")
                .contains("1 missing-key:absent")
                .doesNotContain("FAILED");
        assertThat(failed).contains("FAILED").contains("lost: should be 0, and is 1");
    }

    @Test
    void write_json_hasEveryPromisedField(@TempDir Path directory) throws IOException {
        // Given
        Path file = directory.resolve("out.json");
        // When
        Summary.of(TRAFFIC, outcome(Map.of(ENTRY, 1), 1, 1, 1), 1).write(file);
        // Then
        JsonNode json = new ObjectMapper().readTree(file.toFile());
        assertThat(List.of(
                        "operations",
                        "sent",
                        "firsts",
                        "duplicates",
                        "conflicts",
                        "missingKey",
                        "late",
                        "future",
                        "deadLettered",
                        "ledgerEntries",
                        "chargedTwice",
                        "lost",
                        "seconds"))
                .allSatisfy(field ->
                        assertThat(json.path(field).isNumber()).as(field).isTrue());
    }

    private static Outcome outcome(Map<Truth.Entry, Integer> ledger, int firsts, int duplicates, int deadLetters) {
        Outcome outcome = new Outcome(ledger);
        add(outcome, Topics.unique(Topics.ORDERS), firsts);
        add(outcome, Topics.DUPLICATES, duplicates);
        add(outcome, Topics.DEAD_LETTERS, deadLetters);
        return outcome;
    }

    private static void add(Outcome outcome, String topic, int times) {
        for (int i = 0; i < times; i++) {
            ConsumerRecord<byte[], byte[]> record =
                    new ConsumerRecord<>(topic, 0, i, new byte[0], JSON.getBytes(UTF_8));
            record.headers().add("__dedup.reason", "missing-key:absent".getBytes(UTF_8));
            outcome.add(record);
        }
    }
}
