// SPDX-License-Identifier: Apache-2.0
package io.dedup.key;

import com.fasterxml.jackson.databind.JsonNode;
import io.dedup.IdempotencyKey;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.regex.Pattern;

/** SHA-256 (FIPS 180-4), of bytes and of the canonical text of a JSON value. */
final class Sha256 {
    static final int BYTES = 32;
    private static final Pattern DIGITS = Pattern.compile("[0-9a-fA-F]{64}");

    private Sha256() {}

    static byte[] of(byte[] bytes) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(bytes);
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException("Every Java platform has SHA-256", impossible);
        }
    }

    /**
     * The key that is a digest.
     *
     * @param text its 32 bytes, or 64 hexadecimal digits
     * @throws IllegalArgumentException if it is neither
     */
    static IdempotencyKey keyOf(String source, byte[] text) {
        if (text.length == BYTES) {
            return IdempotencyKey.of(source, text);
        }
        String digits = new String(text, StandardCharsets.UTF_8);
        if (!DIGITS.matcher(digits).matches()) {
            throw new IllegalArgumentException(
                    "text must be a digest for " + source + ", of 32 bytes or 64 hexadecimal digits: '" + digits + "'");
        }
        return IdempotencyKey.of(source, HexFormat.of().parseHex(digits));
    }

    /**
     * @throws Json.NotJson if the value has no canonical text
     */
    static byte[] of(JsonNode value) throws Json.NotJson {
        return of(CanonicalJson.bytes(value));
    }
}
