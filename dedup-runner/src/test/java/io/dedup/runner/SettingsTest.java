// SPDX-License-Identifier: Apache-2.0
package io.dedup.runner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.dedup.config.ConfigProblem;
import io.dedup.config.ConfigProblem.Code;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.streams.StreamsConfig;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SettingsTest {
    @TempDir
    Path directory;

    @Test
    void load_fileEnvironmentAndSet_theLaterOneWins() throws IOException {
        // Given
        Path file = file("dedup.ttl.ms=1\ndedup.mode=off\nbootstrap.servers=file:1\napplication.id=a");
        Map<String, String> environment = Map.of(
                "DEDUP_TTL_MS", "2", "DEDUP_MODE", "observe", "KAFKA_BOOTSTRAP_SERVERS", "env:1", "PATH", "/bin");
        // When
        Map<String, String> values =
                Settings.load(file, environment, List.of("dedup.ttl.ms=3")).written();
        // Then
        assertThat(values)
                .containsExactlyInAnyOrderEntriesOf(Map.of(
                        "dedup.ttl.ms", "3",
                        "dedup.mode", "observe",
                        "bootstrap.servers", "env:1",
                        "application.id", "a"));
    }

    @ParameterizedTest
    @CsvSource({
        "DEDUP_ON_MISSING_KEY, dedup.on.missing.key",
        "KAFKA_SSL_TRUSTSTORE_LOCATION, ssl.truststore.location",
        "KAFKA_LISTENER_NAME_A__B_X, listener.name.a_b.x",
        "KAFKA_A___B, a-b"
    })
    void load_environment_escapesAreThoseOfTheKafkaImage(String variable, String key) throws IOException {
        assertThat(Settings.load(file(""), Map.of(variable, "v"), List.of()).written())
                .containsExactly(Map.entry(key, "v"));
    }

    @Test
    void load_variablesOfScripts_areNoProperties() throws IOException {
        Map<String, String> scripts =
                Map.of("KAFKA_HEAP_OPTS", "-Xmx1g", "KAFKA_HOME", "/k", "DEDUP_LOG_LEVEL", "INFO");
        assertThat(Settings.load(file(""), scripts, List.of()).written()).isEmpty();
    }

    /** A service called dedup or kafka has Kubernetes set these in every pod. */
    @Test
    void load_variablesOfKubernetesServices_areNoProperties() throws IOException {
        Map<String, String> services = Map.of(
                "DEDUP_PORT", "tcp://10.0.0.1:80",
                "DEDUP_SERVICE_HOST", "10.0.0.1",
                "DEDUP_SERVICE_PORT", "80",
                "DEDUP_SERVICE_PORT_HTTP", "80",
                "KAFKA_PORT_9092_TCP", "tcp://10.0.0.2:9092",
                "KAFKA_PORT_9092_TCP_ADDR", "10.0.0.2");
        assertThat(Settings.load(file(""), services, List.of()).written()).isEmpty();
    }

    @Test
    void load_references_areResolvedFromFilesAndRefusedWhereNothingIs() throws IOException {
        // Given
        Path secrets = directory.resolve("secrets.properties");
        Files.writeString(secrets, "jaas=org.example.Login required;");
        // When
        Settings settings = Settings.load(
                file("sasl.jaas.config=${file:" + secrets + ":jaas}\ndedup.scope=${env:DEDUP_NO_SUCH_VARIABLE}"),
                Map.of(),
                List.of());
        // Then
        assertThat(settings.written()).containsEntry("sasl.jaas.config", "org.example.Login required;");
        assertThat(settings.problems())
                .extracting(ConfigProblem::code, ConfigProblem::key)
                .containsExactly(org.assertj.core.groups.Tuple.tuple(Code.UNRESOLVED, "dedup.scope"));
    }

    @Test
    void load_setWithoutEquals_isRefused() throws IOException {
        Path file = file("");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Settings.load(file, Map.of(), List.of("dedup.ttl.ms")))
                .withMessageContaining("KEY=VALUE");
    }

    @Test
    void application_nothingSet_isExactlyOnceWithADeadLetterTopic() throws IOException {
        Settings settings = Settings.load(file("application.id=a"), Map.of(), List.of());
        assertThat(settings.application())
                .containsEntry("processing.guarantee", "exactly_once_v2")
                .containsEntry("errors.dead.letter.queue.topic.name", "a-dead-letter");
        assertThat(settings.with("dedup.dead.letter.topic", "mine").application())
                .containsEntry("errors.dead.letter.queue.topic.name", "mine");
    }

    @Test
    void application_batchesOfTheProducer_areLargerThanKafkasUnlessSet() throws IOException {
        Settings unset = Settings.load(file(""), Map.of(), List.of());
        Settings set = Settings.load(file("batch.size=1000"), Map.of(), List.of());
        Settings setForTheProducer = Settings.load(file("producer.batch.size=2000"), Map.of(), List.of());
        assertThat(batchSize(unset)).isEqualTo(65_536);
        assertThat(batchSize(set)).isEqualTo(1_000);
        assertThat(batchSize(setForTheProducer)).isEqualTo(2_000);
    }

    @Test
    void application_buffersOfTheRestoringSocket_areForTheSystemToSizeUnlessSet() throws IOException {
        Settings unset = Settings.load(file(""), Map.of(), List.of());
        Settings set = Settings.load(file("receive.buffer.bytes=1000"), Map.of(), List.of());
        Settings setForConsumers = Settings.load(file("consumer.receive.buffer.bytes=2000"), Map.of(), List.of());
        assertThat(restoringBuffer(unset)).isEqualTo(-1);
        assertThat(restoringBuffer(set)).isEqualTo(1_000);
        assertThat(restoringBuffer(setForConsumers)).isEqualTo(2_000);
    }

    private static int batchSize(Settings settings) {
        Map<String, Object> producer = streams(settings).getProducerConfigs("client");
        return Integer.parseInt(String.valueOf(producer.get(ProducerConfig.BATCH_SIZE_CONFIG)));
    }

    private static int restoringBuffer(Settings settings) {
        Map<String, Object> consumer = streams(settings).getRestoreConsumerConfigs("client");
        return Integer.parseInt(String.valueOf(consumer.get(ConsumerConfig.RECEIVE_BUFFER_CONFIG)));
    }

    /** As Kafka Streams will have it. */
    private static StreamsConfig streams(Settings settings) {
        return new StreamsConfig(settings.with("application.id", "a")
                .with("bootstrap.servers", "localhost:1")
                .application());
    }

    @ParameterizedTest
    @CsvSource({
        "ssl.keystore.password, true",
        "sasl.jaas.config, true",
        "ssl.key.password, true",
        "ssl.keystore.key, true",
        "basic.auth.user.info, true",
        "ssl.keystore.pasword, true",
        "consumer.max.poll.records, false",
        "dedup.key, false",
        "bootstrap.servers, false"
    })
    void shown_secrets_areHidden(String key, boolean hidden) {
        assertThat(Settings.shown(key, "value")).isEqualTo(hidden ? "(hidden)" : "value");
    }

    private Path file(String content) throws IOException {
        Path file = Files.createTempFile(directory, "relay", ".properties");
        Files.writeString(file, content);
        return file;
    }
}
