// SPDX-License-Identifier: Apache-2.0
package io.dedup;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;

class VocabularyTest {
    @Test
    void idempotencyKey_empty_isRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> IdempotencyKey.of("header:id", new byte[0]))
                .withMessageContaining("header:id");
    }

    @Test
    void idempotencyKey_sameBytesFromOtherSource_isAnotherKey() {
        // Given
        byte[] bytes = "7".getBytes(UTF_8);
        // When
        IdempotencyKey fromHeader = IdempotencyKey.of("header:id", bytes);
        IdempotencyKey fromValue = IdempotencyKey.of("value:/id", bytes);
        // Then
        assertThat(fromHeader).isNotEqualTo(fromValue).isEqualTo(IdempotencyKey.of("header:id", bytes));
        assertThat(fromHeader).hasSameHashCodeAs(IdempotencyKey.of("header:id", bytes));
    }

    @Test
    void idempotencyKey_arrayChangedAfterwards_staysAsItWas() {
        // Given
        byte[] bytes = "abc".getBytes(UTF_8);
        IdempotencyKey key = IdempotencyKey.of("header:id", bytes);
        // When
        bytes[0] = 'x';
        key.value()[1] = 'x';
        // Then
        assertThat(key.text()).isEqualTo("abc");
    }

    @Test
    void idempotencyKey_bytesThatAreNoText_areShownInHexadecimal() {
        // When
        IdempotencyKey key = IdempotencyKey.of("header:id", new byte[] {(byte) 0xff, 0, (byte) 0x80});
        // Then
        assertThat(key.text()).isEqualTo("0xff0080");
        assertThat(IdempotencyKey.of("header:id", new byte[] {'a', '\n', 'b'}).text())
                .as("no line of a log of its own")
                .isEqualTo("0x610a62");
    }

    @Test
    void coordinates_impossible_areRefused() {
        assertThatIllegalArgumentException().isThrownBy(() -> new Coordinates("", 0, 0));
        assertThatIllegalArgumentException().isThrownBy(() -> new Coordinates("t", -1, 0));
        assertThatIllegalArgumentException().isThrownBy(() -> new Coordinates("t", 0, -1));
    }

    @Test
    void sighting_expiringBeforeItsTime_isRefused() {
        assertThatIllegalArgumentException().isThrownBy(() -> new Sighting(10, 9, null, null));
    }

    @Test
    void fingerprint_wrongNumberOfBytes_isRefused() {
        assertThatIllegalArgumentException().isThrownBy(() -> Fingerprint.fromBytes(new byte[16]));
        assertThatIllegalArgumentException().isThrownBy(() -> Fingerprint.of("value", new byte[15]));
    }

    @Test
    void fingerprint_ofAnotherDefinition_isNoConflict() {
        // Given
        Fingerprint whole = Fingerprint.of("value", digest(1));
        // Then
        assertThat(whole.conflictsWith(Fingerprint.of("value", digest(2)))).isTrue();
        assertThat(whole.conflictsWith(Fingerprint.of("value", digest(1)))).isFalse();
        assertThat(whole.conflictsWith(Fingerprint.of("value:/amount", digest(2))))
                .isFalse();
    }

    private static byte[] digest(int first) {
        byte[] digest = new byte[32];
        digest[0] = (byte) first;
        return digest;
    }

    @Test
    void scope_namesFor_topicNoneAndLiteral() {
        assertThat(Scope.parse("topic").nameFor("orders")).isEqualTo("orders");
        assertThat(Scope.parse("topic").nameFor(null)).isEmpty();
        assertThat(Scope.parse("none").nameFor("orders")).isEmpty();
        assertThat(Scope.parse("billing").nameFor("orders")).isEqualTo("billing");
        assertThatIllegalArgumentException().isThrownBy(() -> Scope.parse(" "));
        assertThatIllegalArgumentException().isThrownBy(() -> Scope.parse("Topic"));
        assertThatIllegalArgumentException().isThrownBy(() -> Scope.parse("NONE"));
    }
}
