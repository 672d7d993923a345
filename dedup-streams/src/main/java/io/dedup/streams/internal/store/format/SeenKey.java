// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.store.format;

import io.dedup.IdempotencyKey;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.common.utils.Bytes;

/**
 * Turns idempotency keys into store keys: eight bytes that stand for the scope and the source, then the key itself.
 *
 * <p>The eight bytes begin the SHA-256 of scope and source, each preceded by its length. They are of fixed length, so
 * no two keys of one scope and source can run into each other, and they keep the store key short where a source has a
 * long name. There are a handful of scopes and sources in a store, and n of them share a prefix with probability of
 * about n<sup>2</sup>/2<sup>65</sup>.
 *
 * <p>Confined to the stream thread.
 */
public final class SeenKey {
    /** The key of every {@link ChangelogBatch}: shorter than any prefix, so never that of a record. */
    public static final Bytes BATCH = Bytes.wrap(new byte[] {1});

    /** How many bytes stand for scope and source. */
    static final int PREFIX_BYTES = 8;

    private final Map<String, Map<String, byte[]>> prefixes = new HashMap<>();

    /** Whether that is a changelog record's key of a batch: the key, the start of a window and a sequence number. */
    public static boolean isBatch(byte[] windowed) {
        return windowed.length == 1 + Long.BYTES + Integer.BYTES && windowed[0] == BATCH.get()[0];
    }

    public Bytes of(String scope, IdempotencyKey key) {
        byte[] prefix = prefixes.computeIfAbsent(scope, unseen -> new HashMap<>())
                .computeIfAbsent(key.source(), source -> prefix(scope, source));
        ByteBuffer bytes = ByteBuffer.allocate(PREFIX_BYTES + key.length()).put(prefix);
        key.writeTo(bytes);
        return Bytes.wrap(bytes.array());
    }

    private static byte[] prefix(String scope, String source) {
        byte[] first = scope.getBytes(StandardCharsets.UTF_8);
        byte[] second = source.getBytes(StandardCharsets.UTF_8);
        ByteBuffer joined = ByteBuffer.allocate(2 * Integer.BYTES + first.length + second.length)
                .putInt(first.length)
                .put(first)
                .putInt(second.length)
                .put(second);
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(joined.array());
            return Arrays.copyOf(digest, PREFIX_BYTES);
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException("Every Java platform has SHA-256", impossible);
        }
    }
}
