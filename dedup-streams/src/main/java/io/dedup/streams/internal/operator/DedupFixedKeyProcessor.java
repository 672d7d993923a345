// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.operator;

import io.dedup.streams.internal.Records;
import java.util.Objects;
import org.apache.kafka.streams.processor.api.FixedKeyProcessor;
import org.apache.kafka.streams.processor.api.FixedKeyProcessorContext;
import org.apache.kafka.streams.processor.api.FixedKeyRecord;
import org.jspecify.annotations.Nullable;

/** The node of the DSL, which cannot change keys and hence forces no repartition. Confined to the stream thread. */
final class DedupFixedKeyProcessor<K, V, W> implements FixedKeyProcessor<K, V, W> {
    private final DedupSettings settings;
    private final Children outlets;
    private final RecordMapper<FixedKeyRecord<K, V>, FixedKeyRecord<K, W>> passage;
    private @Nullable Deduplicator<FixedKeyRecord<K, V>, FixedKeyRecord<K, W>> door;

    DedupFixedKeyProcessor(
            DedupSettings settings,
            Children outlets,
            RecordMapper<FixedKeyRecord<K, V>, FixedKeyRecord<K, W>> passage) {
        this.settings = settings;
        this.outlets = outlets;
        this.passage = passage;
    }

    @Override
    public void init(FixedKeyProcessorContext<K, W> context) {
        door = new Deduplicator<>(settings, outlets, context, passage, (Records.OfFixedKey<K, V, FixedKeyRecord<K, W>>)
                (record, child) -> {
                    if (child == null) {
                        context.forward(record);
                    } else {
                        context.forward(record, child);
                    }
                });
        passage.init(context);
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
            passage.close();
        }
    }
}
