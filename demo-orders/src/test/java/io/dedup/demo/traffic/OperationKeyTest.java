// SPDX-License-Identifier: Apache-2.0
package io.dedup.demo.traffic;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.dedup.IdempotencyKey;
import io.dedup.KeyResult;
import io.dedup.MissingKey;
import io.dedup.Verdict;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** One definition of the key on both sides of the topic. */
class OperationKeyTest {
    private static final String UUID = "8e03978e-40d5-43dd-bc93-6894a57f9324";
    private static final String DIGITS = UUID.replace("-", "");

    /** What the front end accepts is what the pipeline reads out of the record, at every length. */
    @ParameterizedTest
    @ValueSource(ints = {1, 7, 63, 64})
    void ofCaller_everyLengthThatCallersMayChoose_isTheKeyOfTheRecord(int callerLength) {
        String caller = "c".repeat(callerLength);
        for (int length = 1; length <= OperationKey.MAX_CHOSEN; length++) {
            KeyResult key = OperationKey.ofCaller(caller, "k".repeat(length));
            assertThat(key).as(length + " characters").isInstanceOf(IdempotencyKey.class);
            assertThat(OperationKey.ofHeader(OperationKey.header(key.orElseThrow())))
                    .as(length + " characters")
                    .isEqualTo(key);
        }
    }

    @ParameterizedTest
    @CsvSource({"1, 318, true", "1, 319, false", "64, 255, true", "64, 256, false", "7, 312, true", "7, 313, false"})
    void ofCaller_longerThanRecordsMayHave_isNoKeyForEither(int callerLength, int length, boolean isKey) {
        String caller = "c".repeat(callerLength);
        String chosen = "k".repeat(length);
        KeyResult here = OperationKey.ofCaller(caller, chosen);
        KeyResult there = OperationKey.ofHeader(caller + ":" + chosen);
        assertThat(here).isEqualTo(there);
        assertThat(here instanceof IdempotencyKey).isEqualTo(isKey);
    }

    /** Else its record would be one that no caller has sent, and a stranger's. */
    @ParameterizedTest
    @ValueSource(strings = {"urn", "URN"})
    void ofCaller_callerAndKeyAreTogetherASpellingOfAUuid_isNoKey(String caller) {
        KeyResult key = OperationKey.ofCaller(caller, "uuid:8e03978e-40d5-43dd-bc93-6894a57f9324");
        assertThat(key)
                .isInstanceOfSatisfying(
                        MissingKey.class,
                        missing -> assertThat(missing.detail()).contains("With the caller '" + caller + "' before it"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "k-1",
                " ",
                "   ",
                "null",
                "NULL",
                " null ",
                "undefined",
                "None",
                "n/a",
                "{}",
                "[]",
                "[object Object]",
                "00000000-0000-0000-0000-000000000000",
                "00000000000000000000000000000000",
                "urn:uuid:00000000-0000-0000-0000-000000000000",
                "{FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF}",
                "0",
                "true"
            })
    void ofCaller_textIsKeyOrNot_isWhatItIsInARecord(String chosen) {
        KeyResult ofRecord = OperationKey.ofHeader(chosen);
        KeyResult ofRequest = OperationKey.ofCaller("shop", chosen);
        if (ofRecord instanceof MissingKey) {
            assertThat(ofRequest).isEqualTo(ofRecord);
        } else {
            assertThat(ofRequest).isInstanceOf(IdempotencyKey.class);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "null",
                "   ",
                "00000000000000000000000000000000",
                "urn:uuid:ffffffff-ffff-ffff-ffff-ffffffffffff",
                "[object Object]"
            })
    void ofCaller_placeholderOrBlank_isNoKey(String chosen) {
        assertThat(OperationKey.ofCaller("shop", chosen)).isInstanceOf(MissingKey.class);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            ignoreLeadingAndTrailingWhitespace = false,
            quoteCharacter = '\u0001',
            value = {
                UUID + "|8E03978E-40D5-43DD-BC93-6894A57F9324|true",
                UUID + "|{8e03978e-40d5-43dd-bc93-6894a57f9324}|true",
                UUID + "|urn:uuid:" + UUID + "|true",
                UUID + "|8e03978e40d543ddbc936894a57f9324|true",
                "k-1| k-1 |true",
                "k-1|K-1|false",
                "k-1|k-2|false",
                "k-1|\"k-1\"|false"
            })
    void ofCaller_twoSpellings_areOneKeyIfTheyAreInRecords(String one, String other, boolean same) {
        assertThat(OperationKey.ofCaller("shop", one).equals(OperationKey.ofCaller("shop", other)))
                .isEqualTo(same)
                .isEqualTo(OperationKey.ofHeader(one).equals(OperationKey.ofHeader(other)));
    }

    @Test
    void ofCaller_otherCaller_isAnotherKey() {
        assertThat(OperationKey.ofCaller("shop-1", "k")).isNotEqualTo(OperationKey.ofCaller("shop-2", "k"));
    }

    @Test
    void of_twoHeaders_areAKeyIfTheyAreEqual() {
        RecordHeaders headers = new RecordHeaders();
        headers.add(OperationKey.HEADER, "k-1".getBytes(UTF_8));
        headers.add(OperationKey.HEADER, "k-1".getBytes(UTF_8));
        assertThat(OperationKey.of(headers)).isEqualTo(OperationKey.ofHeader("k-1"));
        headers.add(OperationKey.HEADER, "k-2".getBytes(UTF_8));
        assertThat(OperationKey.of(headers)).isInstanceOf(MissingKey.class);
    }

    /** What a run is held against has the same keys, or it would find faults where there are none. */
    @Test
    void truth_keysOfEveryKind_areJudgedByTheSameDefinition() {
        // Given
        List<Sending> sendings = List.of(
                sending("null"),
                sending("  "),
                sending("k".repeat(OperationKey.MAX_BYTES + 1)),
                sending("k".repeat(OperationKey.MAX_BYTES)),
                sending(UUID),
                sending(DIGITS));
        // When
        Truth truth = Reference.truth(sendings, 1, Duration.ofHours(1), Duration.ofHours(1), 1_000);
        // Then
        assertThat(truth.verdicts()).isEqualTo(Map.of(Verdict.MISSING_KEY, 3, Verdict.FIRST, 2, Verdict.DUPLICATE, 1));
    }

    private static Sending sending(String key) {
        Operation operation = new Operation("o-1", "p-1", "c-1", 1999, "EUR");
        return new Sending(
                Topics.PAYMENTS,
                "c-1",
                "c-1",
                1_000,
                List.of(new Sending.Header(OperationKey.HEADER, key)),
                operation,
                OperationJson.write(operation));
    }
}
