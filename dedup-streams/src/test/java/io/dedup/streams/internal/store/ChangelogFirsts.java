// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.store;

import static org.assertj.core.api.Assertions.assertThat;

import io.dedup.streams.internal.store.format.ChangelogBatch;
import io.dedup.streams.internal.store.format.SeenKey;
import java.util.concurrent.atomic.AtomicInteger;

/** Looks into the records of a changelog. */
public final class ChangelogFirsts {
    private ChangelogFirsts() {}

    /** How many changes a record of a changelog holds. */
    public static int in(byte[] key, byte[] value) {
        assertThat(SeenKey.isBatch(key)).isTrue();
        AtomicInteger count = new AtomicInteger();
        ChangelogBatch.read(value, (name, bucket, change) -> count.incrementAndGet());
        return count.get();
    }
}
