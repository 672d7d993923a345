// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.operator;

import io.dedup.streams.internal.Records;
import java.util.Objects;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.jspecify.annotations.Nullable;

/** A processor with the operator in front of it, in the same node. Confined to the stream thread. */
final class WrappedProcessor<K, V, L, W> implements Processor<K, V, L, W> {
    private final DedupSettings settings;
    private final Processor<K, V, L, W> guarded;
    private @Nullable Deduplicator<Record<K, V>, Record<K, V>> door;

    WrappedProcessor(DedupSettings settings, Processor<K, V, L, W> guarded) {
        this.settings = settings;
        this.guarded = guarded;
    }

    @Override
    public void init(ProcessorContext<L, W> context) {
        door = new Deduplicator<>(
                settings, Children.ALL_CHILDREN, context, RecordMapper.into(guarded::process), (Records.OfProcessor<
                                K, V, Record<K, V>>)
                        (record, child) -> {
                            // The guarded processor has been given it, and forwards what it likes.
                        });
        guarded.init(context);
    }

    @Override
    public void process(Record<K, V> record) {
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
