// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.operator;

import io.dedup.streams.internal.Records;
import java.util.Objects;
import java.util.function.Function;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.jspecify.annotations.Nullable;

/** The node of the Processor API: the operator alone, or in front of another processor in the same node. Confined to the stream thread. */
public final class DedupProcessor<K, V, L, W> implements Processor<K, V, L, W> {
    private final Function<ProcessorContext<L, W>, Deduplicator<Record<K, V>, Record<K, V>>> opening;
    private final @Nullable Processor<K, V, L, W> wrapped;
    private @Nullable Deduplicator<Record<K, V>, Record<K, V>> deduplicator;

    private DedupProcessor(
            Function<ProcessorContext<L, W>, Deduplicator<Record<K, V>, Record<K, V>>> opening,
            @Nullable Processor<K, V, L, W> wrapped) {
        this.opening = opening;
        this.wrapped = wrapped;
    }

    /** The operator, which forwards what it lets through to those children. */
    public static <K, V> DedupProcessor<K, V, K, V> alone(DedupSettings settings, Children children) {
        return new DedupProcessor<>(
                context -> new Deduplicator<>(
                        settings, children, context, RecordMapper.unchanged(), (Records.OfProcessor<K, V, Record<K, V>>)
                                (record, child) -> {
                                    if (child == null) {
                                        context.forward(record);
                                    } else {
                                        context.forward(record, child);
                                    }
                                }),
                null);
    }

    /** The operator in front of that processor, which is given what is let through and forwards for itself. */
    public static <K, V, L, W> DedupProcessor<K, V, L, W> inFrontOf(
            Processor<K, V, L, W> wrapped, DedupSettings settings) {
        return new DedupProcessor<>(
                context -> new Deduplicator<>(
                        settings,
                        Children.ALL_CHILDREN,
                        context,
                        RecordMapper.into(wrapped::process),
                        (Records.OfProcessor<K, V, Record<K, V>>) (record, child) -> {}),
                wrapped);
    }

    @Override
    public void init(ProcessorContext<L, W> context) {
        deduplicator = opening.apply(context);
        if (wrapped != null) {
            wrapped.init(context);
        }
    }

    @Override
    public void process(Record<K, V> record) {
        Objects.requireNonNull(deduplicator, "process before init")
                .process(record, record.headers(), record.key(), record.value(), record.timestamp());
    }

    @Override
    public void close() {
        if (deduplicator != null) {
            deduplicator.close();
        }
        if (wrapped != null) {
            wrapped.close();
        }
    }
}
