// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.audit;

import io.dedup.Coordinates;
import io.dedup.IdempotencyKey;
import io.dedup.key.RecordView;
import io.dedup.streams.internal.Origin;
import io.dedup.streams.internal.operator.DedupSettings;
import io.dedup.streams.internal.store.SeenQueries;
import java.util.Objects;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.utils.Utils;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.jspecify.annotations.Nullable;

/**
 * Sends a sample of the keys on to the {@link Auditor}, with where they were seen. A hash of the key decides whether it is
 * in the sample, so it is the same on every partition.
 *
 * <p>Confined to the stream thread.
 */
public final class AuditSampler<K, V> implements Processor<K, V, byte[], byte[]> {
    private static final double HASHES = 1L << 32;

    private final DedupSettings settings;
    private final long below;
    private @Nullable ProcessorContext<byte[], byte[]> context;

    public AuditSampler(DedupSettings settings) {
        this.settings = settings;
        this.below = Math.round(settings.auditShare() * HASHES);
    }

    @Override
    public void init(ProcessorContext<byte[], byte[]> newContext) {
        context = newContext;
    }

    @Override
    public void process(Record<K, V> record) {
        ProcessorContext<byte[], byte[]> target = Objects.requireNonNull(context, "process before init");
        Coordinates at = Origin.coordinates(target.recordMetadata().orElse(null));
        boolean future = settings.policy().isFuture(record.timestamp(), target.currentSystemTimeMs());
        if (at == null || future || settings.passesUnjudged(record.value())) {
            return;
        }
        RecordView view = settings.view(at, record.headers(), record.key(), record.value(), target);
        if (settings.keyExtractor().extract(view) instanceof IdempotencyKey key && isSampled(key)) {
            byte[] name = SeenQueries.nameOf(settings.scope().nameFor(at.topic()), key);
            long time = Math.min(record.timestamp(), target.currentSystemTimeMs());
            Headers headers = new RecordHeaders();
            String ttlHeader = settings.ttlHeader();
            if (ttlHeader != null) {
                record.headers().headers(ttlHeader).forEach(headers::add);
            }
            target.forward(new Record<>(name, new Origin(at, record.timestamp(), false).encode(), time, headers));
        }
    }

    private boolean isSampled(IdempotencyKey key) {
        return Integer.toUnsignedLong(Utils.murmur2(key.value())) < below;
    }
}
