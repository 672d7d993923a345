// SPDX-License-Identifier: Apache-2.0
package io.dedup.key;

import io.dedup.KeyResult;
import java.util.List;

/** How a key is made of the bytes that stand somewhere: normalised, then held against the rules. */
record KeyForm(List<Normalizer> normalizers, KeyRules rules) {
    static final KeyForm STANDARD = new KeyForm(List.of(), KeyRules.standard());

    KeyResult key(String source, byte[] bytes) {
        byte[] key = bytes;
        for (Normalizer normalizer : normalizers) {
            key = normalizer.apply(key);
        }
        return rules.key(source, key);
    }
}
