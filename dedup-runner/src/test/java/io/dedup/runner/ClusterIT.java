// SPDX-License-Identifier: Apache-2.0
package io.dedup.runner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.dedup.embedded.EmbeddedBroker;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
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
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.acl.AccessControlEntry;
import org.apache.kafka.common.acl.AclBinding;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.acl.AclPermissionType;
import org.apache.kafka.common.resource.PatternType;
import org.apache.kafka.common.resource.ResourcePattern;
import org.apache.kafka.common.resource.ResourceType;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.metadata.authorizer.StandardAuthorizer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Clusters that are encrypted and locked, give few permissions, are not there yet or go away. */
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
        try (EmbeddedBroker broker = EmbeddedBroker.start()) {
            oneRecord(broker.bootstrapServers(), "patient-in");
            Path file = file("patient", broker.bootstrapServers(), "admin.default.api.timeout.ms=60000");
            broker.stop();
            // When
            CompletableFuture<Outcome> running =
                    CompletableFuture.supplyAsync(() -> Outcome.of("run", "--until-end", file.toString()));
            broker.restart();
            // Then
            Outcome outcome = running.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
            assertThat(outcome.err()).contains("1 of 1");
            assertThat(outcome.exitCode()).isZero();
        }
    }

    @Test
    void run_brokerGoesAwayAndComesBack_livesOnAndGoesOn() throws Exception {
        // Given
        try (EmbeddedBroker broker = EmbeddedBroker.start()) {
            for (String topic : List.of("outage-in", "outage-out", "outage-dead-letter")) {
                topic(broker.bootstrapServers(), topic);
            }
            send(broker.bootstrapServers(), "outage-in", 1);
            Settings settings = Settings.load(file("outage", broker.bootstrapServers()), Map.of(), List.of());
            try (Relay relay = new Relay(settings.application(), ConfigurationOptions.config(settings));
                    Probes probes = Probes.start("127.0.0.1", 0, relay.streams())) {
                relay.start(false);
                await().atMost(PATIENCE)
                        .until(() ->
                                read(broker.bootstrapServers(), "outage-out").size() == 1);
                // When
                broker.stop();
                await().during(Duration.ofSeconds(5))
                        .atMost(PATIENCE)
                        .until(() -> status(probes, "/health/live") == 200);
                broker.restart();
                send(broker.bootstrapServers(), "outage-in", 1);
                send(broker.bootstrapServers(), "outage-in", 2);
                // Then
                await().atMost(PATIENCE)
                        .until(() ->
                                read(broker.bootstrapServers(), "outage-out").size() >= 2);
                assertThat(read(broker.bootstrapServers(), "outage-out"))
                        .as("the first of each key, once")
                        .containsExactly(1, 2);
                await().atMost(PATIENCE).until(() -> status(probes, "/health/ready") == 200);
            }
        }
    }

    @Test
    void check_clientMayNotDoWhatItHasTo_everyTopicIsNamedAndWithThatItRuns() throws Exception {
        // Given
        int port = freePort();
        try (EmbeddedBroker broker = EmbeddedBroker.start(Map.of(
                "listeners",
                "PLAINTEXT://localhost:${broker.port},CONTROLLER://localhost:${controller.port},SASL_PLAINTEXT://localhost:"
                        + port,
                "advertised.listeners",
                "PLAINTEXT://localhost:${broker.port},SASL_PLAINTEXT://localhost:" + port,
                "listener.security.protocol.map",
                "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT",
                "sasl.enabled.mechanisms",
                "PLAIN",
                "listener.name.sasl_plaintext.plain.sasl.jaas.config",
                "org.apache.kafka.common.security.plain.PlainLoginModule required user_relay=\"" + PASSWORD + "\";",
                "authorizer.class.name",
                StandardAuthorizer.class.getName(),
                "super.users",
                "User:ANONYMOUS"))) {
            for (String topic : List.of("few-in", "few-out", "few-dead-letter", "hidden-in", "hidden-out")) {
                topic(broker.bootstrapServers(), topic);
            }
            allow(broker, "few-in", AclOperation.DESCRIBE);
            allow(broker, "few-out", AclOperation.READ);
            allow(broker, "few-dead-letter", AclOperation.WRITE);
            allow(broker, "hidden-out", AclOperation.WRITE);
            Path file = file(
                    "few",
                    "localhost:" + port,
                    "dedup.routes=few-in->few-out,hidden-in->hidden-out",
                    "security.protocol=SASL_PLAINTEXT",
                    "sasl.mechanism=PLAIN",
                    "sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required username=\"relay\""
                            + " password=\"" + PASSWORD + "\";");
            // When
            Outcome few = Outcome.of("check", file.toString());
            allow(broker, "few-in", AclOperation.READ);
            allow(broker, "few-out", AclOperation.WRITE);
            allow(broker, "hidden-in", AclOperation.READ);
            allow(
                    broker,
                    new ResourcePattern(ResourceType.TOPIC, "few-dedup-", PatternType.PREFIXED),
                    AclOperation.ALL);
            Outcome enough = Outcome.of("check", file.toString());
            Outcome noGroup = Outcome.of("run", "--until-end", file.toString());
            allow(broker, new ResourcePattern(ResourceType.GROUP, "few", PatternType.LITERAL), AclOperation.READ);
            allow(
                    broker,
                    new ResourcePattern(ResourceType.TRANSACTIONAL_ID, "few-", PatternType.PREFIXED),
                    AclOperation.WRITE);
            send(broker.bootstrapServers(), "few-in", 1);
            Outcome run = Outcome.of("run", "--until-end", file.toString());
            // Then
            assertThat(few.exitCode()).isEqualTo(ExitCode.CONFIGURATION_INVALID);
            assertThat(few.err())
                    .contains("4 problems")
                    .contains("DEDUP-206 application.id=few: This client may not see few-dedup-few-in-seen-changelog")
                    .contains("DEDUP-206 dedup.routes=few-in: This client may not READ it")
                    .contains("DEDUP-206 dedup.routes=few-out: This client may not WRITE it")
                    .contains("DEDUP-206 dedup.routes=hidden-in: This client may not see it")
                    .doesNotContain(PASSWORD);
            assertThat(enough.err().lines())
                    .singleElement()
                    .asString()
                    .contains(
                            "Worth knowing: DEDUP-219 dedup.routes=few-dead-letter,few-in,few-out,hidden-in,hidden-out");
            assertThat(enough.exitCode()).isZero();
            assertThat(noGroup.exitCode()).isEqualTo(ExitCode.FAILED);
            assertThat(noGroup.err()).contains("GroupAuthorizationException", "'few'");
            assertThat(run.exitCode()).as(run.err()).isZero();
            assertThat(read(broker.bootstrapServers(), "few-out")).containsExactly(1);
        }
    }

    private static void allow(EmbeddedBroker broker, String topic, AclOperation operation) throws Exception {
        allow(broker, new ResourcePattern(ResourceType.TOPIC, topic, PatternType.LITERAL), operation);
    }

    private static void allow(EmbeddedBroker broker, ResourcePattern what, AclOperation operation) throws Exception {
        AclBinding binding =
                new AclBinding(what, new AccessControlEntry("User:relay", "*", operation, AclPermissionType.ALLOW));
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", broker.bootstrapServers()))) {
            admin.createAcls(List.of(binding)).all().get();
        }
    }

    private static int status(Probes probes, String path) throws IOException, InterruptedException {
        URI uri = URI.create("http://127.0.0.1:" + probes.port() + path);
        return HttpClient.newHttpClient()
                .send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.discarding())
                .statusCode();
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
        return RelayFile.write(
                directory,
                id,
                List.of(
                        "application.id=" + id,
                        "bootstrap.servers=" + bootstrapServers,
                        "state.dir=" + directory.resolve("state"),
                        "dedup.key=record-key",
                        "dedup.routes=" + id + "-in->" + id + "-out"),
                more);
    }

    private static void oneRecord(String bootstrapServers, String topic) throws Exception {
        topic(bootstrapServers, topic);
        send(bootstrapServers, topic, 1);
    }

    private static void topic(String bootstrapServers, String topic) throws Exception {
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", bootstrapServers))) {
            admin.createTopics(List.of(new NewTopic(topic, 1, (short) 1))).all().get();
            // Brokers tell others of it a little later.
            await().atMost(PATIENCE)
                    .until(() -> admin.listTopics().names().get().contains(topic));
        }
    }

    /** A record with that key. */
    private static void send(String bootstrapServers, String topic, int key) throws Exception {
        Map<String, Object> configs = Map.of("bootstrap.servers", bootstrapServers);
        try (var producer = new KafkaProducer<>(configs, new ByteArraySerializer(), new ByteArraySerializer())) {
            producer.send(new ProducerRecord<>(topic, new byte[] {(byte) key}, new byte[] {1}))
                    .get();
        }
    }

    /** The keys of its only partition. */
    private static List<Integer> read(String bootstrapServers, String topic) {
        Map<String, Object> configs =
                Map.of("bootstrap.servers", bootstrapServers, "isolation.level", "read_committed");
        TopicPartition partition = new TopicPartition(topic, 0);
        try (var consumer = new KafkaConsumer<>(configs, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            consumer.assign(List.of(partition));
            long end = consumer.endOffsets(List.of(partition)).getOrDefault(partition, 0L);
            consumer.seekToBeginning(List.of(partition));
            List<Integer> keys = new ArrayList<>();
            while (consumer.position(partition) < end) {
                consumer.poll(Duration.ofMillis(100)).forEach(record -> keys.add((int) record.key()[0]));
            }
            return keys;
        }
    }
}
