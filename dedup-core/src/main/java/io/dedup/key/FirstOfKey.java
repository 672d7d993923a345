// SPDX-License-Identifier: Apache-2.0
package io.dedup.key;

import io.dedup.KeyResult;
import io.dedup.MissingKey;
import io.dedup.MissingKey.Reason;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** The first of several sources that is not absent. */
final class FirstOfKey implements KeyExtractor {
    private final List<KeyExtractor> sources;

    FirstOfKey(List<KeyExtractor> sources) {
        if (sources.isEmpty()) {
            throw new IllegalArgumentException("sources must be at least one: []");
        }
        this.sources = List.copyOf(sources);
    }

    List<KeyExtractor> sources() {
        return sources;
    }

    @Override
    public KeyResult extract(RecordView record) {
        List<MissingKey> absent = new ArrayList<>(sources.size());
        for (KeyExtractor source : sources) {
            KeyResult result = source.extract(record);
            if (!(result instanceof MissingKey missing) || missing.reason() != Reason.ABSENT) {
                return result;
            }
            absent.add(missing);
        }
        return new MissingKey(
                Reason.ABSENT,
                absent.stream().map(MissingKey::source).collect(Collectors.joining(",")),
                absent.stream().map(MissingKey::detail).collect(Collectors.joining("; ")));
    }
}
