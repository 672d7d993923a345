// SPDX-License-Identifier: Apache-2.0
package io.dedup.key;

import io.dedup.IdempotencyKey;
import io.dedup.KeyResult;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Collectors;

/** A key of several parts, all of which have to be there: a tenant and an identifier that is unique within it. */
final class AllOfKey implements KeySource {
    private final String source;
    private final List<KeySource> parts;
    private final int maxPartBytes;

    AllOfKey(List<KeySource> parts) {
        this(parts, Integer.MAX_VALUE);
    }

    private AllOfKey(List<KeySource> parts, int maxPartBytes) {
        this.source = parts.stream().map(KeySource::source).collect(Collectors.joining(KeyExtractors.ALL_OF));
        this.parts = List.copyOf(parts);
        this.maxPartBytes = maxPartBytes;
    }

    /** The same, refusing parts that are longer. */
    AllOfKey atMost(int maxBytes) {
        return new AllOfKey(parts, Math.min(maxPartBytes, maxBytes));
    }

    boolean isLimited() {
        return maxPartBytes != Integer.MAX_VALUE;
    }

    @Override
    public String source() {
        return source;
    }

    @Override
    public String definition() {
        return parts.stream().map(KeySource::definition).collect(Collectors.joining(KeyExtractors.ALL_OF));
    }

    @Override
    public int parts() {
        return parts.size();
    }

    @Override
    public int texts() {
        return parts.stream().mapToInt(KeySource::texts).sum();
    }

    @Override
    public KeyResult keyOf(Iterator<byte[]> texts) {
        return joined(part -> part.keyOf(texts));
    }

    @Override
    public KeyResult extract(RecordView record) {
        return joined(part -> part.extract(record));
    }

    private KeyResult joined(Function<KeySource, KeyResult> reading) {
        List<IdempotencyKey> found = new ArrayList<>(parts.size());
        for (KeySource part : parts) {
            KeyResult result = LimitedKey.held(maxPartBytes, reading.apply(part));
            if (!(result instanceof IdempotencyKey key)) {
                return result;
            }
            found.add(key);
        }
        return CompositeKey.of(source, found);
    }
}
