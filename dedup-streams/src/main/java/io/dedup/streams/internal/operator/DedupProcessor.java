// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.operator;

import io.dedup.streams.internal.Records;
import java.util.Objects;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.jspecify.annotations.Nullable;

/** The node of the Processor API. Confined to the stream thread. */
public final class DedupProcessor<K, V> implements Processor<K, V, K, V> {
    private final DedupSettings settings;
    private final Children outlets;
    private @Nullable Deduplicator<Record<K, V>, Record<K, V>> door;

    public DedupProcessor(DedupSettings settings, Children outlets) {
        this.settings = settings;
        this.outlets = outlets;
    }

    @Override
    public void init(ProcessorContext<K, V> context) {
        door = new Deduplicator<>(settings, outlets, context, RecordMapper.unchanged(), (Records.OfProcessor<
                        K, V, Record<K, V>>)
                (record, child) -> {
                    if (child == null) {
                        context.forward(record);
                    } else {
                        context.forward(record, child);
                    }
                });
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
    }
}
