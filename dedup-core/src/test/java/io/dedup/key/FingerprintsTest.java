// SPDX-License-Identifier: Apache-2.0
package io.dedup.key;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.dedup.Fingerprint;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class FingerprintsTest {
    private record Payment(
            String orderId, BigDecimal amount, @Nullable String note) {}

    /** As a bean, with its getters in another order. */
    static final class PaymentBean {
        public @Nullable String getNote() {
            return null;
        }

        public double getAmount() {
            return 19.9;
        }

        public String getOrderId() {
            return "o-7";
        }
    }

    private record Times(Instant at, LocalDate day, Duration within, ZoneId zone) {}

    private record Maybe(Optional<String> text, OptionalInt number, OptionalLong big, OptionalDouble real) {}

    private record Tags(Set<Object> tags) {}

    /** Has nothing that Jackson would write. */
    private static final class Opaque {}

    /** Contains itself. */
    static final class Endless {
        public Endless getSelf() {
            return this;
        }
    }

    @Test
    void of_equalContent_isTheSameWhateverTheClassAndTheOrder() throws JsonProcessingException {
        // Given
        Map<String, @Nullable Object> map = new LinkedHashMap<>();
        map.put("note", null);
        map.put("orderId", "o-7");
        map.put("amount", 19.90f);
        String document = "{\"note\": null, \"amount\": 19.90, \"orderId\": \"o-7\"}";
        // When
        Fingerprint fingerprint = Fingerprints.of(new Payment("o-7", new BigDecimal("19.900"), null));
        // Then
        assertThat(fingerprint)
                .isEqualTo(Fingerprints.of(new PaymentBean()))
                .isEqualTo(Fingerprints.of(map))
                .isEqualTo(Fingerprints.of(new JsonMapper().readTree(document)))
                .isEqualTo(Fingerprints.ofJson(document.getBytes(UTF_8)));
    }

    @Test
    void of_otherContent_conflicts() {
        List<@Nullable Object> payloads = new ArrayList<>(List.of(
                new Payment("o-7", BigDecimal.ONE, null),
                new Payment("o-7", BigDecimal.ONE, ""),
                new Payment("o-7", BigDecimal.TEN, null),
                Map.of("orderId", "o-7", "amount", 1),
                new byte[0],
                new byte[32],
                "{\"orderId\":\"o-7\"}",
                "",
                1,
                "1",
                List.of()));
        payloads.add(null);
        List<Fingerprint> fingerprints = payloads.stream().map(Fingerprints::of).toList();
        assertThat(fingerprints).doesNotHaveDuplicates();
        assertThat(fingerprints.get(0).conflictsWith(fingerprints.get(fingerprints.size() - 1)))
                .as("all of them can be compared")
                .isTrue();
    }

    @Test
    void of_bytes_countAsTheyAre() {
        assertThat(Fingerprints.of("{\"a\": 1}".getBytes(UTF_8)))
                .isEqualTo(Fingerprints.of("{\"a\": 1}".getBytes(UTF_8)))
                .isNotEqualTo(Fingerprints.of("{\"a\":1}".getBytes(UTF_8)));
        assertThat(Fingerprints.of("{\"a\":1}".getBytes(UTF_8)))
                .as("canonical already")
                .isEqualTo(Fingerprints.ofJson("{ \"a\": 1.0 }".getBytes(UTF_8)));
    }

    @Test
    void of_times_areTextsInIso8601() {
        Times times = new Times(
                Instant.parse("2026-01-02T03:04:05.600Z"),
                LocalDate.parse("2026-01-02"),
                Duration.ofMinutes(90),
                ZoneId.of("Europe/Berlin"));
        assertThat(Fingerprints.of(times)).isEqualTo(json("""
                                {"at":"2026-01-02T03:04:05.600Z","day":"2026-01-02","within":"PT1H30M",
                                "zone":"Europe/Berlin"}"""));
    }

    @Test
    void of_optionals_areTheirValuesOrNull() {
        assertThat(Fingerprints.of(
                        new Maybe(Optional.of("x"), OptionalInt.of(1), OptionalLong.of(2), OptionalDouble.of(0.5))))
                .isEqualTo(json("{\"text\":\"x\",\"number\":1,\"big\":2,\"real\":0.5}"));
        assertThat(Fingerprints.of(
                        new Maybe(Optional.empty(), OptionalInt.empty(), OptionalLong.empty(), OptionalDouble.empty())))
                .isEqualTo(json("{\"text\":null,\"number\":null,\"big\":null,\"real\":null}"));
    }

    /** The order in which {@code Set.of} gives its elements differs from one process to the next. */
    @Test
    void of_sets_haveNoOrder() {
        Set<Object> tags = new LinkedHashSet<>(List.of("b", "a", 2, 10));
        Set<Object> turned = new LinkedHashSet<>(List.of(10, 2, "a", "b"));
        assertThat(Fingerprints.of(new Tags(tags)))
                .isEqualTo(Fingerprints.of(new Tags(turned)))
                .isNotEqualTo(Fingerprints.of(new Tags(Set.of("b", "a", 2))));
        assertThat(Fingerprints.of(List.of(1, 2))).isNotEqualTo(Fingerprints.of(List.of(2, 1)));
    }

    @Test
    void of_whatIsNoJson_isRefusedWithTheTypeAndTheFix() {
        for (Object payload : List.of(
                new Opaque(), new Endless(), Map.of("a", Double.NaN), "\ud800", new Tags(Set.of(new Opaque())))) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> Fingerprints.of(payload))
                    .withMessageContaining(payload.getClass().getName())
                    .withMessageContaining("Pass its bytes");
        }
    }

    @Test
    void ofJson_whatIsNoDocument_countsAsBytes() {
        assertThat(Fingerprints.ofJson("oops".getBytes(UTF_8))).isEqualTo(Fingerprints.of("oops".getBytes(UTF_8)));
        assertThat(json("{\"a\":\"\\ud800\"}")).isNotEqualTo(json("{\"a\":\"\\ud801\"}"));
    }

    private static Fingerprint json(String document) {
        return Fingerprints.ofJson(document.getBytes(UTF_8));
    }
}
