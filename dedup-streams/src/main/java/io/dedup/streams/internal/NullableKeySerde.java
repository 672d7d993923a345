// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal;

import java.util.Objects;
import java.util.function.Supplier;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serializer;
import org.jspecify.annotations.Nullable;

/**
 * The key serde of the repartition topic, which lets records without a key through.
 *
 * <p>Kafka Streams drops a record without a key in front of a repartition topic, without a word. So such a record has a
 * stand-in for its key on that one step, which is written as no key.
 *
 * <p>Thread-safe.
 */
public final class NullableKeySerde<K> implements Serde<K> {
    private static final Object NO_KEY = new Object();

    private volatile @Nullable Serde<K> delegate;

    public NullableKeySerde(@Nullable Serde<K> delegate) {
        this.delegate = delegate;
    }

    /** The key itself, or a stand-in if there is none. Nothing may look into it but this serde. */
    @SuppressWarnings("unchecked") // no code between here and the serializer looks into a key
    public static <K> K orStandIn(@Nullable K key) {
        return key == null ? (K) NO_KEY : key;
    }

    /** Takes the application's serde, unless the stream has one of its own. */
    @SuppressWarnings("unchecked") // the application's default serde is for the keys of all streams without their own
    public void orElse(Supplier<Serde<?>> applications) {
        if (delegate == null) {
            delegate = (Serde<K>) applications.get();
        }
    }

    private Serde<K> delegate() {
        return Objects.requireNonNull(delegate, "no node has been initialised");
    }

    @Override
    public Serializer<K> serializer() {
        return (topic, key) -> key == NO_KEY ? null : delegate().serializer().serialize(topic, key);
    }

    @Override
    public Deserializer<K> deserializer() {
        return (topic, bytes) ->
                bytes == null ? null : delegate().deserializer().deserialize(topic, bytes);
    }
}
