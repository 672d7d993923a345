// SPDX-License-Identifier: Apache-2.0
package io.dedup.store;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.dedup.IdempotencyKey;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HexFormat;

/**
 * An idempotency key within its scope: what a store knows an operation by.
 *
 * <p>Immutable and thread-safe.
 *
 * @param scope what the key is unique within; may be empty
 */
public record ScopedKey(String scope, IdempotencyKey key) {
    /** The longest that {@link #bytes} may be. */
    public static final int MAX_BYTES = 1024;

    private static final char SEPARATOR = '\0';

    /**
     * A key within its scope.
     *
     * @throws IllegalArgumentException if scope or source hold a NUL character, or all together is longer than {@value
     *     #MAX_BYTES} bytes
     */
    public ScopedKey {
        if (scope.indexOf(SEPARATOR) >= 0 || key.source().indexOf(SEPARATOR) >= 0) {
            throw new IllegalArgumentException(
                    "scope and source of the key must hold no NUL character: '" + scope + "', '" + key.source() + "'");
        }
        int length = scope.getBytes(UTF_8).length + key.source().getBytes(UTF_8).length + key.length() + 2;
        if (length > MAX_BYTES) {
            throw new IllegalArgumentException("key from " + key.source() + " must take at most " + MAX_BYTES
                    + " bytes with its scope: " + length + ". Use a digest of it as the key");
        }
    }

    /**
     * Scope, NUL, source, NUL and the bytes of the key: unambiguous, since the first two hold no NUL, and readable in
     * tools that show the store's content.
     */
    public byte[] bytes() {
        byte[] scopeBytes = scope.getBytes(UTF_8);
        byte[] source = key.source().getBytes(UTF_8);
        ByteBuffer bytes = ByteBuffer.allocate(scopeBytes.length + source.length + key.length() + 2)
                .put(scopeBytes)
                .put((byte) 0)
                .put(source)
                .put((byte) 0);
        key.writeTo(bytes);
        return bytes.array();
    }

    /**
     * Reads what {@link #bytes} has written.
     *
     * @throws IllegalArgumentException if the bytes are no key within a scope
     */
    public static ScopedKey fromBytes(byte[] bytes) {
        int scopeEnd = separator(bytes, 0);
        int sourceEnd = separator(bytes, scopeEnd + 1);
        return new ScopedKey(
                new String(bytes, 0, scopeEnd, UTF_8),
                IdempotencyKey.of(
                        new String(bytes, scopeEnd + 1, sourceEnd - scopeEnd - 1, UTF_8),
                        Arrays.copyOfRange(bytes, sourceEnd + 1, bytes.length)));
    }

    private static int separator(byte[] bytes, int from) {
        for (int i = from; i < bytes.length; i++) {
            if (bytes[i] == SEPARATOR) {
                return i;
            }
        }
        throw new IllegalArgumentException("bytes must be a scope, a source and a key with NUL between them: "
                + HexFormat.of().formatHex(bytes));
    }

    @Override
    public String toString() {
        return scope.isEmpty() ? key.toString() : scope + "/" + key;
    }
}
