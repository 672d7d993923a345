// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.operator;

import io.dedup.StoredOutcome;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.streams.kstream.ValueMapperWithKey;
import org.apache.kafka.streams.processor.api.FixedKeyRecord;
import org.jspecify.annotations.Nullable;

/**
 * Maps records once for every operation, and keeps the result for its duplicates.
 *
 * <p>Thread-safe if mapper and serde are.
 */
public record OutcomeMapper<K, V, W>(ValueMapperWithKey<? super K, ? super V, ? extends W> mapper, Serde<W> serde)
        implements RecordMapper<FixedKeyRecord<K, V>, FixedKeyRecord<K, W>> {
    @Override
    public boolean isGuarding() {
        return true;
    }

    @Override
    public FixedKeyRecord<K, W> process(FixedKeyRecord<K, V> record) {
        return record.withValue(mapper.apply(record.key(), record.value()));
    }

    @Override
    public StoredOutcome outcomeOf(FixedKeyRecord<K, W> processed, String topic) {
        return stored(serde, topic, processed.value());
    }

    @Override
    public FixedKeyRecord<K, W> replay(FixedKeyRecord<K, V> record, StoredOutcome outcome, String topic) {
        return record.withValue(read(serde, topic, outcome));
    }

    static <W> StoredOutcome stored(Serde<W> serde, String topic, @Nullable W outcome) {
        return StoredOutcome.of(outcome == null ? null : serde.serializer().serialize(topic, outcome));
    }

    static <W> @Nullable W read(Serde<W> serde, String topic, StoredOutcome stored) {
        byte[] bytes = stored.bytes();
        return bytes == null ? null : serde.deserializer().deserialize(topic, bytes);
    }
}
