// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.operator;

import io.dedup.StoredOutcome;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.streams.processor.api.FixedKeyProcessor;
import org.apache.kafka.streams.processor.api.FixedKeyProcessorContext;
import org.apache.kafka.streams.processor.api.FixedKeyRecord;
import org.apache.kafka.streams.processor.api.ProcessingContext;
import org.jspecify.annotations.Nullable;

/**
 * Passes records to a processor, and keeps the value of what it forwards as the outcome.
 *
 * <p>Confined to the stream thread.
 */
public final class ProcessorMapper<K, V, W> implements RecordMapper<FixedKeyRecord<K, V>, FixedKeyRecord<K, W>> {
    private final FixedKeyProcessor<K, V, W> processor;
    private final Serde<W> serde;
    private boolean isProcessing;
    private int count;
    private @Nullable FixedKeyRecord<K, W> forwarded;

    public ProcessorMapper(FixedKeyProcessor<K, V, W> processor, Serde<W> serde) {
        this.processor = processor;
        this.serde = serde;
    }

    @Override
    public boolean isGuarding() {
        return true;
    }

    @Override
    @SuppressWarnings("unchecked") // the context of the node that this processor is in
    public void init(ProcessingContext context) {
        processor.init((FixedKeyProcessorContext<K, W>) Proxy.newProxyInstance(
                getClass().getClassLoader(),
                new Class<?>[] {FixedKeyProcessorContext.class},
                (proxy, method, args) -> call(context, method, args)));
    }

    private @Nullable Object call(ProcessingContext context, Method method, Object @Nullable [] args) throws Throwable {
        if (method.getName().equals("forward") && args != null) {
            take(args[0]);
            return null;
        }
        try {
            return method.invoke(context, args);
        } catch (InvocationTargetException thrown) {
            throw thrown.getCause();
        }
    }

    @SuppressWarnings("unchecked") // what the processor forwards
    private void take(Object record) {
        if (!isProcessing) {
            throw new IllegalStateException(
                    "A processor of mapOnce forwards outcomes, and only while it processes the record that they are of");
        }
        count++;
        forwarded = (FixedKeyRecord<K, W>) record;
    }

    @Override
    public FixedKeyRecord<K, W> process(FixedKeyRecord<K, V> record) {
        count = 0;
        isProcessing = true;
        try {
            processor.process(record);
        } finally {
            isProcessing = false;
        }
        FixedKeyRecord<K, W> outcome = forwarded;
        forwarded = null;
        if (outcome == null || count != 1) {
            throw new IllegalStateException(
                    "A processor of mapOnce forwards one outcome for each record, and has forwarded " + count);
        }
        return outcome;
    }

    @Override
    public StoredOutcome outcomeOf(FixedKeyRecord<K, W> processed, String topic) {
        return OutcomeMapper.stored(serde, topic, processed.value());
    }

    @Override
    public FixedKeyRecord<K, W> replay(FixedKeyRecord<K, V> record, StoredOutcome outcome, String topic) {
        return record.withValue(OutcomeMapper.read(serde, topic, outcome));
    }

    @Override
    public void close() {
        processor.close();
    }
}
