// SPDX-License-Identifier: Apache-2.0
package io.dedup.consumer;

import io.dedup.handler.OutcomeCodec;
import java.util.Objects;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serializer;

/**
 * A codec that writes and reads outcomes with a Kafka {@link Serde}, such as one for Avro or Protobuf with a schema registry.
 *
 * <p>Thread-safe if serializer and deserializer are. Neither is configured nor closed here.
 */
public final class SerdeCodec<T> implements OutcomeCodec<T> {
    private final String name;
    private final String topic;
    private final Serializer<T> serializer;
    private final Deserializer<T> deserializer;

    private SerdeCodec(String name, String topic, Serde<T> serde) {
        this.name = name;
        this.topic = topic;
        this.serializer = serde.serializer();
        this.deserializer = serde.deserializer();
    }

    /**
     * A codec.
     *
     * @param name what the bytes are, the same for as long as anything is stored: {@code avro}
     * @param topic what the serde is given as the topic, which it may derive the name of a schema from. No record is sent there
     * @param serde configured already
     */
    public static <T> SerdeCodec<T> of(String name, String topic, Serde<T> serde) {
        return new SerdeCodec<>(name, topic, serde);
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public byte[] encode(T outcome) {
        return Objects.requireNonNull(
                serializer.serialize(topic, outcome), "the serializer has made nothing of the outcome");
    }

    @Override
    public T decode(byte[] bytes, int version) {
        return Objects.requireNonNull(
                deserializer.deserialize(topic, bytes), "the deserializer has made nothing of the outcome");
    }
}
