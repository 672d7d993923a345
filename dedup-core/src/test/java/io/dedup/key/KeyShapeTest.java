// SPDX-License-Identifier: Apache-2.0
package io.dedup.key;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.List;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class KeyShapeTest {
    private static final List<KeyShape> SHAPES =
            List.of(KeyShape.hex(), KeyShape.uuid(), KeyShape.atMost(20), KeyShape.atMost(38), KeyShape.atMost(255));

    @Test
    void of_sameDigest_isTheSameInOneShapeAndAnotherInEveryOther() {
        byte[] digest = digest(1);
        assertThat(SHAPES.stream().map(shape -> shape.of(digest)))
                .doesNotHaveDuplicates()
                .containsExactlyElementsOf(
                        SHAPES.stream().map(shape -> shape.of(digest)).toList());
    }

    @Test
    void of_everyShape_keepsToItsLengthAndLetters() {
        for (int seed = 0; seed < 200; seed++) {
            byte[] digest = digest(seed);
            assertThat(KeyShape.hex().of(digest)).matches("[0-9a-f]{64}");
            assertThat(KeyShape.atMost(20).of(digest)).matches("[a-z2-7]{20}");
            assertThat(KeyShape.atMost(38).of(digest)).matches("[a-z2-7]{38}");
            assertThat(KeyShape.atMost(255).of(digest)).matches("[a-z2-7]{52}");
            UUID uuid = UUID.fromString(KeyShape.uuid().of(digest));
            assertThat(uuid.version()).isEqualTo(8);
            assertThat(uuid.variant()).isEqualTo(2);
        }
    }

    /** Every bit that a shape has room for counts. */
    @Test
    void of_oneBitOfTheDigestChanged_isAnotherKey() {
        for (int bit = 0; bit < 100; bit++) {
            byte[] digest = digest(3);
            byte[] changed = digest.clone();
            changed[bit / 8] ^= (byte) (0x80 >> bit % 8);
            boolean isReplaced = (bit >= 48 && bit < 52) || bit == 64 || bit == 65; // by the version and the variant
            for (KeyShape shape : SHAPES) {
                if (!isReplaced || !shape.equals(KeyShape.uuid())) {
                    assertThat(shape.of(changed)).as("%s, bit %d", shape, bit).isNotEqualTo(shape.of(digest));
                }
            }
        }
    }

    @Test
    void atMost_tooFewCharacters_isRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> KeyShape.atMost(19))
                .withMessage("characters must be at least 20: 19");
    }

    @Test
    void equals_shapesThatWriteTheSame_areEqual() {
        assertThat(KeyShape.atMost(52))
                .isEqualTo(KeyShape.atMost(255))
                .hasSameHashCodeAs(KeyShape.atMost(255))
                .isNotEqualTo(KeyShape.atMost(51))
                .hasToString("at-most-52");
        assertThat(KeyShape.hex()).isNotEqualTo(KeyShape.uuid()).hasToString("hex");
    }

    private static byte[] digest(int seed) {
        byte[] digest = new byte[32];
        new Random(seed).nextBytes(digest);
        return digest;
    }
}
