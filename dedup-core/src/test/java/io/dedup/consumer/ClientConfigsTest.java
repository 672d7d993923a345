// SPDX-License-Identifier: Apache-2.0
package io.dedup.consumer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.Map;
import java.util.Properties;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.junit.jupiter.api.Test;

class ClientConfigsTest {
    @Test
    void of_properties_hasDefaultsAndValuesThatAreNoText() {
        Properties defaults = new Properties();
        defaults.setProperty("group.id", "by default");
        defaults.setProperty("max.poll.records", "1");
        defaults.setProperty("client.id", "by default");
        Properties properties = new Properties(defaults);
        properties.setProperty("client.id", "mine");
        properties.put("max.poll.records", 5);
        assertThat(ClientConfigs.of(properties).properties())
                .isEqualTo(Map.of("group.id", "by default", "client.id", "mine", "max.poll.records", 5));
    }

    @Test
    void of_nameIsNoText_isRefused() {
        Properties properties = new Properties();
        properties.put(5, "five");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ClientConfigs.of(properties))
                .withMessage("properties must have names that are text: 5");
    }

    @Test
    void requireNoDeserializers_someAreNamed_isRefusedAndSaysWhatToDo() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> configs("value.deserializer", StringDeserializer.class.getName())
                        .requireNoDeserializers())
                .withMessageStartingWith("value.deserializer is named")
                .withMessageContaining("withConfiguredDeserializers()")
                .withMessageContaining(StringDeserializer.class.getName());
        assertThatCode(() ->
                        configs("key.deserializer", ByteArrayDeserializer.class).requireNoDeserializers())
                .doesNotThrowAnyException();
        assertThatCode(() -> configs("group.id", "g").requireNoDeserializers()).doesNotThrowAnyException();
    }

    @Test
    void deserializer_named_isCreated() {
        assertThat(configs("key.deserializer", StringDeserializer.class.getName())
                        .deserializer("key.deserializer"))
                .isInstanceOf(StringDeserializer.class);
        assertThat(configs("key.deserializer", StringDeserializer.class).deserializer("key.deserializer"))
                .isInstanceOf(StringDeserializer.class);
    }

    @Test
    void deserializer_missingOrSomethingElse_isRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> configs("group.id", "g").deserializer("key.deserializer"))
                .withMessageStartingWith("key.deserializer");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> configs("key.deserializer", String.class).deserializer("key.deserializer"))
                .withMessageStartingWith("key.deserializer")
                .withMessageContaining("java.lang.String");
    }

    private static ClientConfigs configs(String name, Object value) {
        return new ClientConfigs(Map.of(name, value));
    }
}
