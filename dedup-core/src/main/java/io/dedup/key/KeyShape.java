// SPDX-License-Identifier: Apache-2.0
package io.dedup.key;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.UUID;
import java.util.function.Function;

/**
 * The form of idempotency keys that a system takes: how the 256 bits of a digest are written for it. Systems limit the length, or
 * insist on a UUID; the same digest always gives the same key of a shape, and another one of another shape.
 *
 * <p>Immutable and thread-safe.
 */
public final class KeyShape {
    private static final String BASE32 = "abcdefghijklmnopqrstuvwxyz234567";
    private static final int BITS_OF_A_CHARACTER = 5;
    private static final int DIGEST_BYTES = 32;
    /** All bits of a digest. */
    private static final int MAX_CHARACTERS = 52;
    /** 100 bits: of a million million keys, two are the same with probability 2<sup>-21</sup>. */
    private static final int MIN_CHARACTERS = 20;

    private static final KeyShape HEX = new KeyShape("hex", HexFormat.of()::formatHex);
    private static final KeyShape UUID_TEXT = new KeyShape("uuid", KeyShape::uuid);

    private final String name;
    private final Function<byte[], String> writer;

    private KeyShape(String name, Function<byte[], String> writer) {
        this.name = name;
        this.writer = writer;
    }

    /** All 256 bits as 64 hexadecimal digits in lower case. Adyen takes at most 64 characters. */
    public static KeyShape hex() {
        return HEX;
    }

    /** A UUID of version 8 (RFC 9562): the first 128 bits, of which 6 give way to the version and the variant. */
    public static KeyShape uuid() {
        return UUID_TEXT;
    }

    /**
     * The first bits of the digest in Base32 (RFC 4648), in lower case and without padding, five to a character: so many as fit,
     * and all of them from 52 characters on. PayPal takes at most 38 characters, Stripe 255. It is the same key where a system does
     * not tell small letters from capitals.
     *
     * @param characters at least 20, which are 100 bits: with fewer, two operations may come to have one key
     * @throws IllegalArgumentException if they are fewer
     */
    public static KeyShape atMost(int characters) {
        if (characters < MIN_CHARACTERS) {
            throw new IllegalArgumentException("characters must be at least " + MIN_CHARACTERS + ": " + characters);
        }
        int length = Math.min(characters, MAX_CHARACTERS);
        return new KeyShape("at-most-" + length, digest -> base32(digest).substring(0, length));
    }

    /**
     * @param digest 32 bytes
     */
    String of(byte[] digest) {
        return writer.apply(digest);
    }

    private static String uuid(byte[] digest) {
        ByteBuffer bits = ByteBuffer.wrap(digest);
        long high = (bits.getLong() & ~0xF000L) | 0x8000L;
        long low = (bits.getLong() & 0x3FFF_FFFF_FFFF_FFFFL) | 0x8000_0000_0000_0000L;
        return new UUID(high, low).toString();
    }

    private static String base32(byte[] digest) {
        byte[] padded = Arrays.copyOf(digest, DIGEST_BYTES + 1);
        StringBuilder text = new StringBuilder(MAX_CHARACTERS);
        for (int i = 0; i < MAX_CHARACTERS; i++) {
            int bit = i * BITS_OF_A_CHARACTER;
            int two = (padded[bit / 8] & 0xFF) << 8 | (padded[bit / 8 + 1] & 0xFF);
            text.append(BASE32.charAt(two >> (16 - BITS_OF_A_CHARACTER - bit % 8) & 31));
        }
        return text.toString();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof KeyShape that && name.equals(that.name);
    }

    @Override
    public int hashCode() {
        return name.hashCode();
    }

    @Override
    public String toString() {
        return name;
    }
}
