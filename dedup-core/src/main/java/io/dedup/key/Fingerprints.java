// SPDX-License-Identifier: Apache-2.0
package io.dedup.key;

import com.fasterxml.jackson.databind.json.JsonMapper;
import io.dedup.Fingerprint;

/** TEMP. */
public final class Fingerprints {
    private Fingerprints() {}

    /** TEMP. */
    public static Fingerprint of(Object payload) {
        return Fingerprint.of(
                "payload",
                new FieldDigest().add(new JsonMapper().valueToTree(payload)).sha256());
    }
}
