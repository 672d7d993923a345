// SPDX-License-Identifier: Apache-2.0
package io.dedup.runner;

import static org.assertj.core.api.Assertions.assertThat;

import io.dedup.embedded.EmbeddedBroker;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Clusters that are encrypted and locked, or not there yet. */
class ClusterIT {
    private static final Duration PATIENCE = Duration.ofSeconds(90);
    private static final String PASSWORD = "correct-horse";

    @TempDir
    Path directory;

    @Test
    void run_saslSsl_settingsPassThroughAndTheWrongPasswordIsUnreachable() throws Exception {
        // Given
        int port = freePort();
        Path keys = keystores();
        Map<String, String> secure = Map.of(
                "listeners",
                "PLAINTEXT://localhost:${broker.port},CONTROLLER://localhost:${controller.port},SASL_SSL://localhost:"
                        + port,
                "advertised.listeners",
                "PLAINTEXT://localhost:${broker.port},SASL_SSL://localhost:" + port,
                "listener.security.protocol.map",
                "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL_SSL:SASL_SSL",
                "ssl.keystore.location",
                keys.toString(),
                "ssl.keystore.password",
                PASSWORD,
                "ssl.keystore.type",
                "PKCS12",
                "sasl.enabled.mechanisms",
                "PLAIN",
                "listener.name.sasl_ssl.plain.sasl.jaas.config",
                "org.apache.kafka.common.security.plain.PlainLoginModule required user_relay=\"" + PASSWORD + "\";");
        Path secrets = directory.resolve("secrets.properties");
        Files.writeString(secrets, "password=" + PASSWORD);
        try (EmbeddedBroker broker = EmbeddedBroker.start(secure)) {
            oneRecord(broker.bootstrapServers(), "locked-in");
            Path file = file(
                    "locked",
                    "localhost:" + port,
                    "security.protocol=SASL_SSL",
                    "sasl.mechanism=PLAIN",
                    "sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required username=\"relay\""
                            + " password=\"${file:" + secrets + ":password}\";",
                    "ssl.truststore.location=" + directory.resolve("trust.p12"),
                    "ssl.truststore.password=${file:" + secrets + ":password}");
            // When
            Outcome outcome = Outcome.of("run", "--until-end", file.toString());
            Files.writeString(secrets, "password=wrong");
            Outcome wrong = Outcome.of("check", "--set", "ssl.truststore.password=" + PASSWORD, file.toString());
            // Then
            assertThat(outcome.err()).contains("1 of 1").doesNotContain(PASSWORD);
            assertThat(outcome.exitCode()).isZero();
            assertThat(wrong.exitCode()).isEqualTo(ExitCode.UNREACHABLE);
            assertThat(wrong.err())
                    .contains("DEDUP-201")
                    .contains("credentials")
                    .doesNotContain("wrong\"");
        }
    }

    @Test
    void run_brokerComesUpOnlyAfterwards_waitsForIt() throws Exception {
        // Given
        int port = freePort();
        Path file = file("patient", "localhost:" + port, "admin.default.api.timeout.ms=60000");
        CompletableFuture<Outcome> running =
                CompletableFuture.supplyAsync(() -> Outcome.of("run", "--until-end", file.toString()));
        // When
        try (EmbeddedBroker broker = EmbeddedBroker.start(port, Map.of("auto.create.topics.enable", "false"))) {
            // The relay may look for its source before it is there: it says so, and is started again.
            oneRecord(broker.bootstrapServers(), "patient-in");
            Outcome outcome = running.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
            if (outcome.exitCode() == ExitCode.CONFIGURATION_INVALID) {
                assertThat(outcome.err()).contains("DEDUP-202 dedup.routes=patient-in");
                outcome = Outcome.of("run", "--until-end", file.toString());
            }
            // Then
            assertThat(outcome.err()).contains("1 of 1");
            assertThat(outcome.exitCode()).isZero();
        }
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    /** A key for localhost in one file, and the trust in it in another. */
    private Path keystores() throws Exception {
        Path keys = directory.resolve("keys.p12");
        Path certificate = directory.resolve("broker.crt");
        keytool(
                "-genkeypair",
                "-alias",
                "broker",
                "-keyalg",
                "RSA",
                "-dname",
                "CN=localhost",
                "-ext",
                "SAN=dns:localhost",
                "-storetype",
                "PKCS12",
                "-keystore",
                keys.toString(),
                "-storepass",
                PASSWORD);
        keytool(
                "-exportcert",
                "-alias",
                "broker",
                "-keystore",
                keys.toString(),
                "-storepass",
                PASSWORD,
                "-file",
                certificate.toString());
        keytool(
                "-importcert",
                "-noprompt",
                "-alias",
                "broker",
                "-file",
                certificate.toString(),
                "-storetype",
                "PKCS12",
                "-keystore",
                directory.resolve("trust.p12").toString(),
                "-storepass",
                PASSWORD);
        return keys;
    }

    private static void keytool(String... args) throws Exception {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "keytool").toString());
        command.addAll(List.of(args));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(said).isZero();
    }

    private Path file(String id, String bootstrapServers, String... more) throws IOException {
        Path file = Files.createTempFile(directory, id, ".properties");
        List<String> lines = new ArrayList<>(List.of(
                "application.id=" + id,
                "bootstrap.servers=" + bootstrapServers,
                "state.dir=" + directory.resolve("state"),
                "dedup.key=record-key",
                "dedup.routes=" + id + "-in->" + id + "-out"));
        lines.addAll(List.of(more));
        Files.write(file, lines);
        return file;
    }

    private static void oneRecord(String bootstrapServers, String topic) throws Exception {
        Map<String, Object> configs = Map.of("bootstrap.servers", bootstrapServers);
        try (Admin admin = Admin.create(configs);
                var producer = new KafkaProducer<>(configs, new ByteArraySerializer(), new ByteArraySerializer())) {
            admin.createTopics(List.of(new NewTopic(topic, 1, (short) 1))).all().get();
            producer.send(new ProducerRecord<>(topic, new byte[] {1}, new byte[] {1}))
                    .get();
        }
    }
}
