// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams;

import io.dedup.StoredOutcome;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.streams.kstream.ValueMapperWithKey;
import org.apache.kafka.streams.processor.api.FixedKeyRecord;

/**
 * Records are mapped once for every operation, and the result is kept for its duplicates.
 *
 * <p>Thread-safe if mapper and serde are.
 */
record OutcomePassage<K, V, W>(ValueMapperWithKey<? super K, ? super V, ? extends W> mapper, Serde<W> serde)
        implements Passage<FixedKeyRecord<K, V>, FixedKeyRecord<K, W>> {
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
        W outcome = processed.value();
        return StoredOutcome.of(outcome == null ? null : serde.serializer().serialize(topic, outcome));
    }

    @Override
    public FixedKeyRecord<K, W> replay(FixedKeyRecord<K, V> record, StoredOutcome outcome, String topic) {
        byte[] bytes = outcome.bytes();
        return record.withValue(bytes == null ? null : serde.deserializer().deserialize(topic, bytes));
    }
}
