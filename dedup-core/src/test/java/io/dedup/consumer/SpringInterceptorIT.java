// SPDX-License-Identifier: Apache-2.0
package io.dedup.consumer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.springframework.kafka.core.DefaultKafkaConsumerFactory;
import org.springframework.kafka.listener.ContainerProperties;
import org.springframework.kafka.listener.DefaultErrorHandler;
import org.springframework.kafka.listener.KafkaMessageListenerContainer;
import org.springframework.kafka.listener.MessageListener;
import org.springframework.util.backoff.FixedBackOff;

/** A listener container of Spring that was given nothing but properties. */
@Tag("needs-kafka-4.2")
class SpringInterceptorIT extends InterceptorFixture {
    @Test
    void springListener_propertiesAlone_isCalledOnceForEachKeyAndAgainWhereItFails() throws Exception {
        // Given
        String topic = topic("spring");
        send(Map.of(), topic, "id-1:a", "id-1:a", "id-2:b", "id-2:b", "id-3:c");
        List<String> seen = Collections.synchronizedList(new ArrayList<>());
        ContainerProperties properties = new ContainerProperties(topic);
        properties.setMessageListener((MessageListener<String, String>) record -> {
            seen.add(record.value());
            if (record.value().equals("b") && Collections.frequency(seen, "b") < 3) {
                throw new IllegalStateException("not yet");
            }
        });
        Map<String, Object> configs = consumerConfigs(topic);
        configs.put("key.deserializer", StringDeserializer.class.getName());
        configs.put("value.deserializer", StringDeserializer.class.getName());
        KafkaMessageListenerContainer<String, String> container =
                new KafkaMessageListenerContainer<>(new DefaultKafkaConsumerFactory<>(configs), properties);
        container.setCommonErrorHandler(new DefaultErrorHandler(new FixedBackOff(10, 5)));
        // When
        container.start();
        try {
            await().atMost(PATIENCE).until(() -> seen.contains("c"));
        } finally {
            container.stop();
        }
        // Then
        assertThat(seen).containsExactly("a", "b", "b", "b", "c");
    }
}
