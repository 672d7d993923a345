// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.dsl;

import io.dedup.Coordinates;
import io.dedup.IdempotencyKey;
import io.dedup.KeyResult;
import io.dedup.key.RecordView;
import io.dedup.streams.internal.KeyPartitioner;
import io.dedup.streams.internal.NullableKeySerde;
import io.dedup.streams.internal.Origin;
import io.dedup.streams.internal.operator.DedupSettings;
import io.dedup.streams.internal.operator.SameOffsetKeys;
import io.dedup.streams.internal.operator.WriteCheck;
import java.util.Objects;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.jspecify.annotations.Nullable;

/**
 * Sends every record to the partition of its idempotency key, with its origin in a header. Decides nothing.
 *
 * <p>In the repartition topic a record from the future has the time of now, since a broker would refuse its own.
 *
 * <p>Confined to the stream thread.
 */
final class RepartitionProcessor<K, V> implements Processor<K, V, K, V> {
    private final DedupSettings settings;
    private final SameOffsetKeys<IdempotencyKey> siblings = new SameOffsetKeys<>();
    private @Nullable ProcessorContext<K, V> context;
    private @Nullable WriteCheck writes;
    private String topic = "";

    RepartitionProcessor(DedupSettings settings) {
        this.settings = settings;
    }

    @Override
    public void init(ProcessorContext<K, V> newContext) {
        context = newContext;
        settings.resolveSerdes(newContext);
        writes = WriteCheck.of(settings, newContext.appConfigs());
        topic = settings.repartitionTopic(newContext.applicationId());
    }

    @Override
    public void process(Record<K, V> record) {
        ProcessorContext<K, V> target = Objects.requireNonNull(context, "process before init");
        Coordinates at = Origin.coordinates(target.recordMetadata().orElse(null));
        RecordView view = settings.view(at, record.headers(), record.key(), record.value(), target);
        KeyResult key = settings.keyExtractor().extract(view);
        siblings.moveTo(at);
        boolean sibling = key instanceof IdempotencyKey found && !siblings.add(found);
        Headers headers = new RecordHeaders(record.headers());
        Origin origin = new Origin(at, record.timestamp(), sibling);
        headers.remove(Origin.HEADER).add(Origin.HEADER, origin.encode());
        long now = target.currentSystemTimeMs();
        long time = Math.min(record.timestamp(), now);
        if (writes != null) {
            writes.require(topic, view, headers, time, origin, now);
        }
        K recordKey = NullableKeySerde.orStandIn(record.key());
        Record<K, V> routed = record.withKey(recordKey).withHeaders(headers).withTimestamp(time);
        KeyPartitioner.deciding(deciding(key, view), () -> target.forward(routed));
    }

    /** The idempotency key; without one, what the record has instead. */
    private static byte[] deciding(KeyResult key, RecordView view) {
        if (key instanceof IdempotencyKey found) {
            return found.value();
        }
        byte[] recordKey = view.key();
        return recordKey == null ? new byte[0] : recordKey;
    }
}
