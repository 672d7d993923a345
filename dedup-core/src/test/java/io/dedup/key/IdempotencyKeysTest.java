// SPDX-License-Identifier: Apache-2.0
package io.dedup.key;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.dedup.IdempotencyKey;
import java.math.BigDecimal;
import java.util.List;
import org.junit.jupiter.api.Test;

class IdempotencyKeysTest {
    @Test
    void random_twice_differs() {
        assertThat(IdempotencyKeys.random())
                .isNotEqualTo(IdempotencyKeys.random())
                .hasSize(36);
    }

    /** Keys are stored by others: the same fields must give the same key in every version. */
    @Test
    void derived_sameFields_isTheSameInAnyOrderAndForEver() {
        String key = IdempotencyKeys.derived("payment")
                .with("order", "42")
                .with("cents", 1999)
                .key();
        assertThat(IdempotencyKeys.derived("payment")
                        .with("cents", 1999)
                        .with("order", "42")
                        .key())
                .isEqualTo(key);
        assertThat(key).isEqualTo("657673c0c87abfea34aa7526a4990bae4fadf853e2b510aadaff363784dfe21d");
    }

    @Test
    void derived_fieldsThatRunIntoEachOther_differ() {
        assertThat(List.of(
                        IdempotencyKeys.derived("p").with("a", "bc").key(),
                        IdempotencyKeys.derived("p").with("ab", "c").key(),
                        IdempotencyKeys.derived("pa").with("b", "c").key(),
                        IdempotencyKeys.derived("p")
                                .with("a", "b")
                                .with("c", "")
                                .key(),
                        IdempotencyKeys.derived("p").with("a", (String) null).key(),
                        IdempotencyKeys.derived("p").with("a", "").key(),
                        IdempotencyKeys.derived("p").with("a", "1").key(),
                        IdempotencyKeys.derived("p").with("a", 1).key()))
                .doesNotHaveDuplicates();
    }

    @Test
    void derived_numbers_areTheSameHoweverTheyAreWritten() {
        assertThat(IdempotencyKeys.derived("p")
                        .with("a", new BigDecimal("1.00"))
                        .key())
                .isEqualTo(IdempotencyKeys.derived("p")
                        .with("a", new BigDecimal("1"))
                        .key())
                .isEqualTo(IdempotencyKeys.derived("p").with("a", 1).key());
    }

    @Test
    void derived_nothingOrTheSameFieldTwice_isRefused() {
        assertThatIllegalStateException()
                .isThrownBy(() -> IdempotencyKeys.derived("p").key());
        assertThatIllegalArgumentException()
                .isThrownBy(() -> IdempotencyKeys.derived("p").with("a", 1).with("a", "2"))
                .withMessageContaining("a");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> IdempotencyKeys.derived("p").with("a", "2").with("a", 1));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> IdempotencyKeys.derived("p").with("a", 1).with("a", BigDecimal.ONE));
    }

    @Test
    void derived_halfOfASurrogatePair_isRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(
                        () -> IdempotencyKeys.derived("p").with("a", "\ud800").key())
                .withMessageContaining("surrogate");
    }

    @Test
    void downstream_anyDifference_isAnotherKey() {
        IdempotencyKey key = IdempotencyKey.of("header:id", "42".getBytes(UTF_8));
        assertThat(List.of(
                        IdempotencyKeys.downstream("s", key, "charge"),
                        IdempotencyKeys.downstream("s", key, "mail"),
                        IdempotencyKeys.downstream("t", key, "charge"),
                        IdempotencyKeys.downstream("s", IdempotencyKey.of("header:id", "43".getBytes(UTF_8)), "charge"),
                        IdempotencyKeys.downstream(
                                "s", IdempotencyKey.of("header:it", "42".getBytes(UTF_8)), "charge")))
                .doesNotHaveDuplicates()
                .allSatisfy(downstream -> assertThat(downstream).hasSize(64));
    }
}
