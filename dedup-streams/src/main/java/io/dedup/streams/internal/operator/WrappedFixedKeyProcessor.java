// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.operator;

import io.dedup.streams.internal.Records;
import java.util.Objects;
import org.apache.kafka.streams.processor.api.FixedKeyProcessor;
import org.apache.kafka.streams.processor.api.FixedKeyProcessorContext;
import org.apache.kafka.streams.processor.api.FixedKeyRecord;
import org.jspecify.annotations.Nullable;

/** A processor of the DSL with the operator in front of it, in the same node. Confined to the stream thread. */
final class WrappedFixedKeyProcessor<K, V, W> implements FixedKeyProcessor<K, V, W> {
    private final DedupSettings settings;
    private final FixedKeyProcessor<K, V, W> guarded;
    private @Nullable Deduplicator<FixedKeyRecord<K, V>, FixedKeyRecord<K, V>> door;

    WrappedFixedKeyProcessor(DedupSettings settings, FixedKeyProcessor<K, V, W> guarded) {
        this.settings = settings;
        this.guarded = guarded;
    }

    @Override
    public void init(FixedKeyProcessorContext<K, W> context) {
        door = new Deduplicator<>(
                settings, Children.ALL_CHILDREN, context, RecordMapper.into(guarded::process), (Records.OfFixedKey<
                                K, V, FixedKeyRecord<K, V>>)
                        (record, child) -> {
                            // The guarded processor has been given it, and forwards what it likes.
                        });
        guarded.init(context);
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
        guarded.close();
    }
}
