// SPDX-License-Identifier: Apache-2.0
package io.dedup;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class VocabularyTest {
    @Test
    void idempotencyKey_empty_isRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> IdempotencyKey.of("header:id", new byte[0]))
                .withMessageContaining("header:id");
    }

    @Test
    void idempotencyKey_ofText_isItsUtf8() {
        assertThat(IdempotencyKey.of("schlüssel 7"))
                .isEqualTo(IdempotencyKey.of("text", "schlüssel 7".getBytes(UTF_8)));
        assertThat(IdempotencyKey.ofHeader("idempotency-key", "7"))
                .isEqualTo(IdempotencyKey.of("header:idempotency-key", new byte[] {'7'}));
    }

    @Test
    void idempotencyKey_ofTextThatIsNone_isRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> IdempotencyKey.of(""))
                .withMessage("text must not be blank: ''");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> IdempotencyKey.of(" \t"))
                .withMessageContaining("text must not be blank");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> IdempotencyKey.of("a\ud800"))
                .withMessageContaining("surrogate");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> IdempotencyKey.ofHeader("id", ""))
                .withMessage("value must not be blank: ''");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> IdempotencyKey.ofHeader(" id", "7"))
                .withMessage("name must have no blanks around it: ' id'");
    }

    @Test
    void keyResult_orElseThrow_isTheKeyOrTheReason() {
        IdempotencyKey key = IdempotencyKey.of("7");
        assertThat(key.orElseThrow()).isSameAs(key);
        assertThat(MissingKey.Reason.values()).allSatisfy(reason -> {
            MissingKey missing = new MissingKey(reason, "header:id", "It is not usable");
            assertThatExceptionOfType(MissingKeyException.class)
                    .isThrownBy(missing::orElseThrow)
                    .withMessageStartingWith("No idempotency key in header:id: It is not usable. ")
                    .satisfies(thrown -> {
                        assertThat(thrown.reason()).isEqualTo(reason);
                        assertThat(thrown.source()).isEqualTo("header:id");
                    });
        });
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
    void idempotencyKey_shownInALog_isItsSourceAndItsText() {
        assertThat(IdempotencyKey.of("header:id", "abc".getBytes(UTF_8))).hasToString("header:id=abc");
    }

    /** They are looked up in hash maps: equal bytes of another source have to spread. */
    @Test
    void idempotencyKey_hashCode_isOfBothParts() {
        byte[] bytes = "abc".getBytes(UTF_8);
        assertThat(IdempotencyKey.of("header:id", bytes).hashCode())
                .isEqualTo(31 * "header:id".hashCode() + Arrays.hashCode(bytes));
    }

    @Test
    void coordinates_shownInALog_areTopicPartitionAndOffset() {
        assertThat(new Coordinates("orders", 2, 17)).hasToString("orders-2@17");
    }

    @Test
    void coordinates_impossible_areRefused() {
        assertThatIllegalArgumentException().isThrownBy(() -> new Coordinates("", 0, 0));
        assertThatIllegalArgumentException().isThrownBy(() -> new Coordinates("t", -1, 0));
        assertThatIllegalArgumentException().isThrownBy(() -> new Coordinates("t", 0, -1));
    }

    @Test
    void seenRecord_expiringBeforeItsTime_isRefused() {
        assertThatIllegalArgumentException().isThrownBy(() -> new SeenRecord(10, 9, null, null));
    }

    @Test
    void seenRecord_itsTtl_coversBothDirectionsToTheMillisecond() {
        SeenRecord first = new SeenRecord(100, 110, null, null);
        assertThat(first.covers(110, 1)).isTrue();
        assertThat(first.covers(111, 50))
                .as("the TTL of the earlier one counts")
                .isFalse();
        assertThat(first.covers(100, 0)).isTrue();
        assertThat(first.covers(95, 5)).isTrue();
        assertThat(first.covers(94, 5)).isFalse();
    }

    @Test
    void seenRecord_withOutcomeAndSettled_keepsEverythingElse() {
        Fingerprint print = Fingerprint.of("value", digest(1));
        Coordinates at = new Coordinates("t", 0, 1);
        StoredOutcome outcome = StoredOutcome.of(new byte[] {1});
        SeenRecord first = new SeenRecord(1, 2, at, print);
        assertThat(first.withOutcome(outcome)).isEqualTo(new SeenRecord(1, 2, at, print, outcome, false));
        assertThat(first.withOutcome(outcome).asSettled()).isEqualTo(new SeenRecord(1, 2, at, print, outcome, true));
    }

    @Test
    void storedOutcome_bytes_areCopiedAndCompared() {
        byte[] bytes = {1, 2, 3};
        StoredOutcome outcome = StoredOutcome.of(bytes);
        bytes[0] = 9;
        Objects.requireNonNull(outcome.bytes())[1] = 9;
        ByteBuffer written = ByteBuffer.allocate(3);
        outcome.writeTo(written);
        assertThat(written.array()).containsExactly(1, 2, 3);
        assertThat(outcome.bytes()).containsExactly(1, 2, 3);
        assertThat(outcome.length()).isEqualTo(3);
        assertThat(outcome.isNull()).isFalse();
        assertThat(outcome)
                .isEqualTo(StoredOutcome.of(new byte[] {1, 2, 3}))
                .hasSameHashCodeAs(StoredOutcome.of(new byte[] {1, 2, 3}))
                .isNotEqualTo(StoredOutcome.of(new byte[] {1, 2}))
                .isNotEqualTo("3 bytes")
                .hasToString("3 bytes");
        assertThat(outcome.hashCode())
                .isNotEqualTo(StoredOutcome.of(new byte[0]).hashCode());
    }

    @Test
    void storedOutcome_null_isNoOutcomeOfNoBytes() {
        StoredOutcome nothing = StoredOutcome.of(null);
        ByteBuffer written = ByteBuffer.allocate(0);
        nothing.writeTo(written);
        assertThat(nothing.isNull()).isTrue();
        assertThat(nothing.bytes()).isNull();
        assertThat(nothing.length()).isZero();
        assertThat(nothing).isNotEqualTo(StoredOutcome.of(new byte[0])).hasToString("null");
    }

    @Test
    void fingerprint_bytes_areThoseItIsReadBackFrom() {
        Fingerprint print = Fingerprint.of("value", digest(7));
        byte[] copy = print.bytes();
        assertThat(Fingerprint.fromBytes(copy)).isEqualTo(print).hasSameHashCodeAs(print);
        assertThat(print.hashCode())
                .isNotEqualTo(Fingerprint.of("value", digest(8)).hashCode());
        copy[Fingerprint.BYTES - 1] ^= 1;
        assertThat(print.bytes()).as("a copy").isNotEqualTo(copy);
        assertThat(print.toString()).isEqualTo(HexFormat.of().formatHex(print.bytes()));
    }

    /** Of a digest, as many bytes as a fingerprint has room for beside its definition. */
    @Test
    void fingerprint_shortestDigest_isTaken() {
        byte[] digest = new byte[Fingerprint.BYTES - Integer.BYTES];
        assertThat(Fingerprint.of("value", digest).bytes()).hasSize(Fingerprint.BYTES);
        assertThatIllegalArgumentException().isThrownBy(() -> Fingerprint.of("value", new byte[digest.length - 1]));
    }

    /** They are in headers, metrics and property files. */
    @Test
    void text_everyConstant_isInSmallLettersWithHyphens() {
        assertThat(Stream.of(Verdict.values()).map(Verdict::text))
                .containsExactly(
                        "first",
                        "replay",
                        "duplicate",
                        "conflict",
                        "missing-key",
                        "invalid-ttl",
                        "invalid-timestamp",
                        "late",
                        "future");
        assertThat(Stream.of(Mode.values()).map(Mode::text)).containsExactly("enforce", "observe", "off");
        assertThat(Stream.of(Partitioning.values()).map(Partitioning::text)).containsExactly("as-is", "by-key");
        assertThat(Stream.of(FailurePolicy.values()).map(FailurePolicy::text)).containsExactly("release", "keep");
        assertThat(Stream.of(Action.values()).map(Action::text))
                .contains("forward", "drop", "dead-letter")
                .allMatch(text -> text.matches("[a-z]+(-[a-z]+)*"));
        assertThat(Stream.of(MissingKey.Reason.values()).map(MissingKey.Reason::text))
                .contains("absent", "too-long")
                .allMatch(text -> text.matches("[a-z]+(-[a-z]+)*"));
        assertThat(Stream.of(InvalidTtl.Reason.values()).map(InvalidTtl.Reason::text))
                .containsExactlyInAnyOrder("not-a-number", "not-positive", "too-long", "ambiguous");
    }

    @Test
    void isAccepted_everyVerdict_onlyFirstAndReplayAre() {
        assertThat(Stream.of(Verdict.values()).filter(Verdict::isAccepted))
                .containsExactly(Verdict.FIRST, Verdict.REPLAY);
    }

    @Test
    void decision_reasonAndDetail_sayWhatIsWrong() {
        MissingKey missing = new MissingKey(MissingKey.Reason.TOO_LONG, "header:id", "It has 300 bytes");
        InvalidTtl invalid = new InvalidTtl(InvalidTtl.Reason.TOO_LONG, "It asks for a year");
        assertThat(Decision.withoutKey(missing))
                .extracting(Decision::verdict, Decision::reason, Decision::detail)
                .containsExactly(Verdict.MISSING_KEY, "missing-key:too-long", "It has 300 bytes");
        assertThat(Decision.withInvalidTtl(invalid))
                .extracting(Decision::verdict, Decision::reason, Decision::detail)
                .containsExactly(Verdict.INVALID_TTL, "invalid-ttl:too-long", "It asks for a year");
        assertThat(Decision.ofTime(Verdict.LATE, 1_766_000_000_000L))
                .extracting(Decision::verdict, Decision::reason, Decision::detail)
                .containsExactly(Verdict.LATE, "late", null);
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

    @Test
    void scope_shown_isAsItIsWrittenInConfiguration() {
        assertThat(Stream.of(Scope.topic(), Scope.none(), Scope.named("billing"))
                        .map(Scope::toString))
                .containsExactly("topic", "none", "billing")
                .allSatisfy(text -> assertThat(Scope.parse(text)).hasToString(text));
    }
}
