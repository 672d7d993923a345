// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.dedup.streams.wrap.DedupProcessorWrapper;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.CopyOnWriteArrayList;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.kafka.config.KafkaStreamsConfiguration;
import org.springframework.kafka.config.StreamsBuilderFactoryBean;

/** Inside Spring, two lines of properties are enough. */
class SpringIT {
    @TempDir
    Path directory;

    private final TestCluster cluster = TestCluster.shared();

    @Test
    void streamsBuilderFactoryBean_propertiesAlone_guardTheNamedProcessor() throws Exception {
        // Given
        String id = "spring";
        cluster.createTopics(id, 1);
        Properties application = DedupApp.properties(cluster.bootstrapServers(), id, directory);
        Map<String, Object> properties = new HashMap<>();
        application.forEach((key, value) -> properties.put((String) key, value));
        properties.put("processor.wrapper.class", DedupProcessorWrapper.class.getName());
        properties.put("dedup.wrap.nodes", "charge-card");
        List<String> charged = new CopyOnWriteArrayList<>();
        StreamsBuilderFactoryBean factory = new StreamsBuilderFactoryBean(new KafkaStreamsConfiguration(properties));
        factory.afterPropertiesSet();
        StreamsBuilder builder = factory.getObject();
        assertThat(builder).isNotNull();
        builder.stream(id + "-in", Consumed.with(Serdes.String(), Serdes.String()))
                .foreach((key, value) -> charged.add(value), Named.as("charge-card"));
        // When
        factory.afterSingletonsInstantiated();
        factory.start();
        try {
            cluster.sendAll(id + "-in", 1, System.currentTimeMillis(), List.of("a", "b", "a"));
            cluster.awaitProcessed(id, id + "-in");
        } finally {
            factory.stop();
        }
        // Then
        assertThat(charged).containsExactly("a", "b");
    }
}
