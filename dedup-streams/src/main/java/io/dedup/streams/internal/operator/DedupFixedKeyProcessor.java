// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.operator;

import io.dedup.streams.internal.Records;
import java.util.Objects;
import java.util.function.Function;
import org.apache.kafka.streams.processor.api.FixedKeyProcessor;
import org.apache.kafka.streams.processor.api.FixedKeyProcessorContext;
import org.apache.kafka.streams.processor.api.FixedKeyRecord;
import org.jspecify.annotations.Nullable;

/**
 * The node of the DSL: the operator alone, or in front of another processor in the same node. It cannot change keys and hence forces no
 * repartition. Confined to the stream thread.
 */
public final class DedupFixedKeyProcessor<K, V, W> implements FixedKeyProcessor<K, V, W> {
    private final Function<FixedKeyProcessorContext<K, W>, Deduplicator<FixedKeyRecord<K, V>, ?>> opening;
    private final @Nullable RecordMapper<?, ?> mapper;
    private final @Nullable FixedKeyProcessor<K, V, W> wrapped;
    private @Nullable Deduplicator<FixedKeyRecord<K, V>, ?> deduplicator;

    private DedupFixedKeyProcessor(
            Function<FixedKeyProcessorContext<K, W>, Deduplicator<FixedKeyRecord<K, V>, ?>> opening,
            @Nullable RecordMapper<?, ?> mapper,
            @Nullable FixedKeyProcessor<K, V, W> wrapped) {
        this.opening = opening;
        this.mapper = mapper;
        this.wrapped = wrapped;
    }

    /** The operator, which forwards what that mapper makes of what it lets through to those children. */
    public static <K, V, W> DedupFixedKeyProcessor<K, V, W> alone(
            DedupSettings settings,
            Children children,
            RecordMapper<FixedKeyRecord<K, V>, FixedKeyRecord<K, W>> mapper) {
        return new DedupFixedKeyProcessor<>(
                context -> new Deduplicator<>(settings, children, context, mapper, (Records.OfFixedKey<
                                K, V, FixedKeyRecord<K, W>>)
                        (record, child) -> {
                            if (child == null) {
                                context.forward(record);
                            } else {
                                context.forward(record, child);
                            }
                        }),
                mapper,
                null);
    }

    /** The operator in front of that processor, which is given what is let through and forwards for itself. */
    public static <K, V, W> DedupFixedKeyProcessor<K, V, W> inFrontOf(
            FixedKeyProcessor<K, V, W> wrapped, DedupSettings settings) {
        return new DedupFixedKeyProcessor<>(
                context -> new Deduplicator<>(
                        settings,
                        Children.ALL_CHILDREN,
                        context,
                        RecordMapper.into(wrapped::process),
                        (Records.OfFixedKey<K, V, FixedKeyRecord<K, V>>) (record, child) -> {}),
                null,
                wrapped);
    }

    @Override
    public void init(FixedKeyProcessorContext<K, W> context) {
        deduplicator = opening.apply(context);
        if (mapper != null) {
            mapper.init(context);
        }
        if (wrapped != null) {
            wrapped.init(context);
        }
    }

    @Override
    public void process(FixedKeyRecord<K, V> record) {
        Objects.requireNonNull(deduplicator, "process before init")
                .process(record, record.headers(), record.key(), record.value(), record.timestamp());
    }

    @Override
    public void close() {
        if (deduplicator != null) {
            deduplicator.close();
            if (mapper != null) {
                mapper.close();
            }
        }
        if (wrapped != null) {
            wrapped.close();
        }
    }
}
