// SPDX-License-Identifier: Apache-2.0
package io.dedup.key;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.dedup.InvalidTtl;
import io.dedup.RecordTtl;
import java.time.Duration;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TtlHeaderTest {
    private static final TtlHeader HEADER = new TtlHeader("ttl", Duration.ofSeconds(1));

    @Test
    void read_noHeader_asksForNothing() {
        assertThat(HEADER.read(new RecordHeaders())).isNull();
    }

    @ParameterizedTest
    @CsvSource({"1,1", "1000,1000", "+7,7", "' 42 ',42", "007,7", "000000000000000000000000000001,1"})
    void read_wholeNumberUpToTheLongest_isTheTtl(String text, long millis) {
        assertThat(HEADER.read(headers(text))).isEqualTo(new RecordTtl(millis));
    }

    @ParameterizedTest
    @CsvSource({
        "1001,TOO_LONG",
        "999999999999999999,TOO_LONG",
        "9999999999999999999,TOO_LONG",
        "0,NOT_POSITIVE",
        "-0,NOT_POSITIVE",
        "-5,NOT_POSITIVE",
        "'',NOT_A_NUMBER",
        "1s,NOT_A_NUMBER",
        "1.5,NOT_A_NUMBER",
        "1e3,NOT_A_NUMBER",
        "--1,NOT_A_NUMBER"
    })
    void read_anythingElse_isRefusedWithTheReasonAndTheHeader(String text, InvalidTtl.Reason reason) {
        assertThat(HEADER.read(headers(text))).isInstanceOfSatisfying(InvalidTtl.class, invalid -> {
            assertThat(invalid.reason()).isEqualTo(reason);
            assertThat(invalid.detail()).contains("'ttl'");
        });
    }

    @Test
    void read_headerWithoutAValue_isNoNumber() {
        assertThat(HEADER.read(headers((String) null)))
                .isInstanceOfSatisfying(
                        InvalidTtl.class,
                        invalid -> assertThat(invalid.reason()).isEqualTo(InvalidTtl.Reason.NOT_A_NUMBER));
    }

    @Test
    void read_severalTimes_isAmbiguousUnlessAllAreTheSame() {
        assertThat(HEADER.read(headers("5", "5"))).isEqualTo(new RecordTtl(5));
        assertThat(HEADER.read(headers("5", "6")))
                .isInstanceOfSatisfying(
                        InvalidTtl.class,
                        invalid -> assertThat(invalid.reason()).isEqualTo(InvalidTtl.Reason.AMBIGUOUS));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " ", " ttl", "ttl "})
    void new_nameWithBlanks_isRefused(String name) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new TtlHeader(name, Duration.ofMillis(1)))
                .withMessageContaining("'" + name + "'");
    }

    private static RecordHeaders headers(@Nullable String... values) {
        RecordHeaders headers = new RecordHeaders();
        for (String value : values) {
            headers.add("ttl", value == null ? null : value.getBytes(US_ASCII));
        }
        return headers;
    }
}
