// SPDX-License-Identifier: Apache-2.0
package io.dedup.runner;

import static org.assertj.core.api.Assertions.assertThat;

import io.dedup.testing.KafkaLinkage;
import java.util.Map;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.streams.KafkaStreams;
import org.junit.jupiter.api.Test;

/** Every class, method and field of Kafka that the commands refer to is in the Kafka Streams on the class path. */
class RunnerLinkageTest {
    @Test
    void references_toKafka_areInTheKafkaStreamsOnTheClassPath() {
        assertThat(new KafkaLinkage(Map.of()).missing(DedupCommand.class, KafkaStreams.class, KafkaConsumer.class))
                .isEmpty();
    }
}
