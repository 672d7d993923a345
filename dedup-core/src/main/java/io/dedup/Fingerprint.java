// SPDX-License-Identifier: Apache-2.0
package io.dedup;

import java.util.Arrays;
import java.util.HexFormat;

/**
 * A digest of a payload, by which a retry is told from a different operation that reuses its key.
 *
 * <p>The first 128 bits of SHA-256 (FIPS 180-4): two different payloads share a fingerprint by accident with
 * probability 2<sup>-128</sup>, and finding a second payload for a given one on purpose takes about 2<sup>128</sup>
 * attempts.
 *
 * <p>Immutable and thread-safe.
 */
public final class Fingerprint {
    /** Number of bytes in a fingerprint. */
    public static final int BYTES = 16;

    private final byte[] digest;

    private Fingerprint(byte[] digest) {
        this.digest = digest;
    }

    /**
     * The fingerprint that begins a longer digest.
     *
     * @param sha256 the SHA-256 of a payload: at least {@link #BYTES} bytes, of which the first count
     * @throws IllegalArgumentException if there are fewer
     */
    public static Fingerprint ofDigest(byte[] sha256) {
        if (sha256.length < BYTES) {
            throw new IllegalArgumentException("A digest of " + sha256.length + " bytes is too short");
        }
        return new Fingerprint(Arrays.copyOf(sha256, BYTES));
    }

    /**
     * A fingerprint read back from storage.
     *
     * @param digest exactly {@link #BYTES} bytes; copied
     * @throws IllegalArgumentException if there are more or fewer
     */
    public static Fingerprint fromBytes(byte[] digest) {
        if (digest.length != BYTES) {
            throw new IllegalArgumentException("A fingerprint has " + BYTES + " bytes, not " + digest.length);
        }
        return new Fingerprint(digest.clone());
    }

    /** A copy of the {@link #BYTES} bytes. */
    public byte[] bytes() {
        return digest.clone();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Fingerprint that && Arrays.equals(digest, that.digest);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(digest);
    }

    @Override
    public String toString() {
        return HexFormat.of().formatHex(digest);
    }
}
