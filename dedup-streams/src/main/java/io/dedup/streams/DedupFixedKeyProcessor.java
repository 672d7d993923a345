// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams;

import java.util.Objects;
import org.apache.kafka.streams.processor.api.FixedKeyProcessor;
import org.apache.kafka.streams.processor.api.FixedKeyProcessorContext;
import org.apache.kafka.streams.processor.api.FixedKeyRecord;
import org.jspecify.annotations.Nullable;

/** The node of the DSL, which cannot change keys and hence forces no repartition. Confined to the stream thread. */
final class DedupFixedKeyProcessor<K, V> implements FixedKeyProcessor<K, V, V> {
    private final DedupSettings settings;
    private final Outlets outlets;
    private @Nullable Doorkeeper<FixedKeyRecord<K, V>> door;

    DedupFixedKeyProcessor(DedupSettings settings, Outlets outlets) {
        this.settings = settings;
        this.outlets = outlets;
    }

    @Override
    public void init(FixedKeyProcessorContext<K, V> context) {
        door = new Doorkeeper<>(
                settings,
                outlets,
                context,
                (record, headers, timestamp) -> record.withHeaders(headers).withTimestamp(timestamp),
                (record, child) -> {
                    if (child == null) {
                        context.forward(record);
                    } else {
                        context.forward(record, child);
                    }
                });
    }

    @Override
    public void process(FixedKeyRecord<K, V> record) {
        Objects.requireNonNull(door, "process before init")
                .admit(record, record.headers(), record.key(), record.value(), record.timestamp());
    }

    @Override
    public void close() {
        if (door != null) {
            door.close();
        }
    }
}
