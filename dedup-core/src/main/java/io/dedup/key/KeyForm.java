// SPDX-License-Identifier: Apache-2.0
package io.dedup.key;

import io.dedup.IdempotencyKey;
import io.dedup.KeyResult;
import java.util.List;

/** The way in which a key is made of bytes: normalised, then held against the rules. */
record KeyForm(List<Normalizer> normalizers, KeyRules rules) {
    static final KeyForm STANDARD = new KeyForm(List.of(), KeyRules.standard());

    /**
     * @throws IllegalArgumentException if binary keys are to be normalised
     */
    KeyForm {
        if (normalizers.contains(Normalizer.BINARY) && normalizers.size() > 1) {
            throw new IllegalArgumentException(
                    "'binary' takes the bytes as they are, and no other normaliser beside it");
        }
    }

    /** The key that a record has. */
    KeyResult key(String source, byte[] bytes) {
        return checked(source, normalized(bytes));
    }

    byte[] normalized(byte[] bytes) {
        return normalized(bytes, false);
    }

    private byte[] normalized(byte[] bytes, boolean isUnframed) {
        byte[] key = bytes;
        for (Normalizer normalizer : normalizers) {
            if (!isUnframed || normalizer != Normalizer.UNFRAMED) {
                key = normalizer.apply(key);
            }
        }
        return key;
    }

    /** The key that is printed or typed as these bytes: without the frame that a record has before it. */
    KeyResult typed(String source, byte[] bytes) {
        return checked(source, normalized(bytes, true));
    }

    private KeyResult checked(String source, byte[] key) {
        return normalizers.contains(Normalizer.BINARY) ? IdempotencyKey.of(source, key) : rules.key(source, key);
    }

    /** The normalisers as they are written behind a source: {@code |trim|uuid}. */
    String suffix() {
        StringBuilder suffix = new StringBuilder();
        normalizers.forEach(normalizer -> suffix.append('|').append(normalizer.text()));
        return suffix.toString();
    }
}
