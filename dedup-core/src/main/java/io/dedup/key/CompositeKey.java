// SPDX-License-Identifier: Apache-2.0
package io.dedup.key;

import io.dedup.IdempotencyKey;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * Several texts as one key: each preceded by its length, so that no two lists give the same bytes. Where that is more than {@value
 * #MAX_PLAIN_BYTES} bytes, the key is the SHA-256 of it behind a length that no text has.
 */
final class CompositeKey {
    /** As many as {@code dedup.key.max.bytes} allows unless it is set. */
    static final int MAX_PLAIN_BYTES = 255;

    private static final int DIGEST = -1;

    private CompositeKey() {}

    /** Whether these are the bytes of a key of so many parts, or of its digest. */
    static boolean isWhole(byte[] key, int parts) {
        ByteBuffer left = ByteBuffer.wrap(key);
        if (key.length == Integer.BYTES + Sha256.BYTES && left.getInt(0) == DIGEST) {
            return true;
        }
        for (int i = 0; i < parts; i++) {
            int length = left.remaining() < Integer.BYTES ? -1 : left.getInt();
            if (length < 0 || length > left.remaining()) {
                return false;
            }
            left.position(left.position() + length);
        }
        return !left.hasRemaining();
    }

    static IdempotencyKey of(String source, List<IdempotencyKey> parts) {
        int length =
                parts.stream().mapToInt(part -> Integer.BYTES + part.length()).sum();
        ByteBuffer joined = ByteBuffer.allocate(length);
        for (int i = 0; i < parts.size(); i++) {
            joined.putInt(parts.get(i).length());
            parts.get(i).writeTo(joined);
        }
        if (length <= MAX_PLAIN_BYTES) {
            return IdempotencyKey.of(source, joined.array());
        }
        byte[] digest = Sha256.of(joined.array());
        return IdempotencyKey.of(
                source,
                ByteBuffer.allocate(Integer.BYTES + digest.length)
                        .putInt(DIGEST)
                        .put(digest)
                        .array());
    }
}
