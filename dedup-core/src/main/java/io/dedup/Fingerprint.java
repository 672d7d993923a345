// SPDX-License-Identifier: Apache-2.0
package io.dedup;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HexFormat;

/**
 * A digest of a payload, by which a retry is distinguished from a different operation that reuses its key.
 *
 * <p>It begins with four bytes that stand for the definition of what was digested, so that fingerprints taken under
 * another configuration are not compared. The rest is the first 128 bits of SHA-256 (FIPS 180-4): two different payloads
 * share a fingerprint by accident with probability 2<sup>-128</sup>, and finding a second payload for a given one on
 * purpose takes about 2<sup>128</sup> attempts.
 *
 * <p>Immutable and thread-safe.
 */
public final class Fingerprint {
    /** Number of bytes in a fingerprint. */
    public static final int BYTES = 20;

    private static final int DEFINITION_BYTES = 4;

    private final byte[] bytes;

    private Fingerprint(byte[] bytes) {
        this.bytes = bytes;
    }

    /**
     * The fingerprint made of a digest: the four bytes of {@code definition.hashCode()}, which {@link String} defines, the highest
     * first, and the first 16 bytes of the digest.
     *
     * @param definition what was digested and how, as in configuration: {@code value:/amount}
     * @param sha256 the SHA-256 of it, 32 bytes
     * @throws IllegalArgumentException if there are fewer bytes
     */
    public static Fingerprint of(String definition, byte[] sha256) {
        if (sha256.length < BYTES - DEFINITION_BYTES) {
            throw new IllegalArgumentException(
                    "sha256 must have at least " + (BYTES - DEFINITION_BYTES) + " bytes: " + sha256.length);
        }
        return new Fingerprint(ByteBuffer.allocate(BYTES)
                .putInt(definition.hashCode())
                .put(sha256, 0, BYTES - DEFINITION_BYTES)
                .array());
    }

    /**
     * A fingerprint read back from storage.
     *
     * @param bytes exactly {@link #BYTES} bytes; copied
     * @throws IllegalArgumentException if there are more or fewer
     */
    public static Fingerprint fromBytes(byte[] bytes) {
        if (bytes.length != BYTES) {
            throw new IllegalArgumentException("bytes must be " + BYTES + ": " + bytes.length);
        }
        return new Fingerprint(bytes.clone());
    }

    /** A copy of the {@link #BYTES} bytes. */
    public byte[] bytes() {
        return bytes.clone();
    }

    /** Whether the payloads differ. False if the two were taken by different definitions, which says nothing. */
    public boolean conflictsWith(Fingerprint other) {
        boolean comparable = Arrays.equals(bytes, 0, DEFINITION_BYTES, other.bytes, 0, DEFINITION_BYTES);
        return comparable && !equals(other);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Fingerprint that && Arrays.equals(bytes, that.bytes);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(bytes);
    }

    @Override
    public String toString() {
        return HexFormat.of().formatHex(bytes);
    }
}
