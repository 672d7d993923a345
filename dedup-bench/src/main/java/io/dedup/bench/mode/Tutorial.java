// SPDX-License-Identifier: Apache-2.0
package io.dedup.bench.mode;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Objects;
import java.util.Set;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.processor.api.FixedKeyProcessor;
import org.apache.kafka.streams.processor.api.FixedKeyProcessorContext;
import org.apache.kafka.streams.processor.api.FixedKeyProcessorSupplier;
import org.apache.kafka.streams.processor.api.FixedKeyRecord;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;
import org.apache.kafka.streams.state.WindowStore;
import org.apache.kafka.streams.state.WindowStoreIterator;
import org.jspecify.annotations.Nullable;

/**
 * The algorithm that tutorials teach: a window store that keeps entries for a TTL, asked with an iterator over a TTL before
 * and after the record, and written to for every record.
 */
final class Tutorial implements FixedKeyProcessor<byte[], byte[], byte[]> {
    private static final String STORE = "seen";

    private final long ttlMs;
    private @Nullable FixedKeyProcessorContext<byte[], byte[]> context;
    private @Nullable WindowStore<String, Long> seen;

    private Tutorial(long ttlMs) {
        this.ttlMs = ttlMs;
    }

    static FixedKeyProcessorSupplier<byte[], byte[], byte[]> supplier(Duration ttl) {
        StoreBuilder<WindowStore<String, Long>> store = Stores.windowStoreBuilder(
                        Stores.persistentWindowStore(STORE, ttl, ttl, false), Serdes.String(), Serdes.Long())
                .withCachingDisabled();
        return new FixedKeyProcessorSupplier<>() {
            @Override
            public FixedKeyProcessor<byte[], byte[], byte[]> get() {
                return new Tutorial(ttl.toMillis());
            }

            @Override
            public Set<StoreBuilder<?>> stores() {
                return Set.of(store);
            }
        };
    }

    @Override
    public void init(FixedKeyProcessorContext<byte[], byte[]> given) {
        context = given;
        seen = given.getStateStore(STORE);
    }

    @Override
    public void process(FixedKeyRecord<byte[], byte[]> record) {
        WindowStore<String, Long> store = Objects.requireNonNull(seen, "process before init");
        Header header = record.headers().lastHeader(Mode.KEY_HEADER);
        String key = new String(header.value(), StandardCharsets.UTF_8);
        long time = record.timestamp();
        boolean duplicate;
        try (WindowStoreIterator<Long> found = store.fetch(key, time - ttlMs, time + ttlMs)) {
            duplicate = found.hasNext();
        }
        store.put(key, time, time);
        if (!duplicate) {
            Objects.requireNonNull(context, "process before init").forward(record);
        }
    }
}
