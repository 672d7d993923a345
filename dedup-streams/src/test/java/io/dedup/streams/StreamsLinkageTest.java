// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams;

import static org.assertj.core.api.Assertions.assertThat;

import io.dedup.testing.KafkaLinkage;
import java.util.Map;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.streams.KafkaStreams;
import org.junit.jupiter.api.Test;

/**
 * Every class, method and field of Kafka that this module refers to is in the Kafka Streams on the class path. {@code .ci/matrix}
 * runs this with each version that is supported.
 */
class StreamsLinkageTest {
    @Test
    void references_toKafka_areInTheKafkaStreamsOnTheClassPath() {
        assertThat(new KafkaLinkage(Map.of()).missing(Dedup.class, KafkaStreams.class, KafkaConsumer.class))
                .isEmpty();
    }
}
