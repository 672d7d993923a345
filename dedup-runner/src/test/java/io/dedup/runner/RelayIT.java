// SPDX-License-Identifier: Apache-2.0
package io.dedup.runner;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.dedup.testing.TestServers;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.utils.Utils;
import org.apache.kafka.streams.KafkaStreams;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The commands on a real broker. */
@Timeout(value = 3, unit = TimeUnit.MINUTES) // A relay that never sees the end would run for ever.
class RelayIT {
    private static final Duration PATIENCE = Duration.ofSeconds(90);

    @SuppressWarnings("NullAway.Init") // started before the tests
    private static TestServers.Kafka broker;

    @SuppressWarnings("NullAway.Init") // started before the tests
    private static Admin admin;

    @TempDir
    Path directory;

    @BeforeAll
    static void start() {
        broker = TestServers.kafka();
        admin = Admin.create(Map.of("bootstrap.servers", broker.bootstrapServers()));
    }

    @AfterAll
    static void stop() {
        admin.close();
        broker.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"as-is", "by-key"})
    void run_untilEnd_relaysEveryKeyOnceAndCounts(String partitioning) throws Exception {
        // Given
        String id = "end-" + partitioning;
        topic(id + "-in", 2, Map.of());
        send(id + "-in", "a", new byte[] {0, 1, -1});
        send(id + "-in", "a", new byte[] {0, 1, -1});
        send(id + "-in", "b", null);
        send(id + "-in", null, new byte[] {7});
        Path summary = directory.resolve("summary.json");
        // When
        Outcome outcome = Outcome.of(
                "run",
                "--until-end",
                "--summary-json",
                summary.toString(),
                file(id, "dedup.partitioning=" + partitioning).toString());
        // Then
        assertThat(outcome.err()).as(outcome.err()).contains(id + "-in -> " + id + "-out");
        assertThat(outcome.exitCode()).isZero();
        assertThat(outcome.out()).contains(id + "-in: 4 records");
        List<ConsumerRecord<byte[], byte[]>> out = read(id + "-out");
        assertThat(out).hasSize(2).anySatisfy(record -> {
            assertThat(record.value()).containsExactly(0, 1, -1);
            assertThat(record.key()).isEqualTo("key".getBytes(UTF_8));
        });
        assertThat(out).anySatisfy(record -> assertThat(record.value()).isNull());
        assertThat(read(id + "-dead-letter")).hasSize(1);
        assertThat(admin.describeTopics(List.of(id + "-out"))
                        .allTopicNames()
                        .get()
                        .values())
                .as("created as the source")
                .singleElement()
                .satisfies(topic -> assertThat(topic.partitions()).hasSize(2));
        JsonNode counts =
                new ObjectMapper().readTree(summary.toFile()).path("routes").path(id + "-in");
        assertThat(counts.path("firsts").asInt()).isEqualTo(2);
        assertThat(counts.path("duplicates").asInt()).isEqualTo(1);
        assertThat(counts.path("missing-keys").asInt()).isEqualTo(1);
    }

    @Test
    void run_observe_forwardsEverythingAndSaysSo() throws Exception {
        String id = "observe";
        topic(id + "-in", 1, Map.of());
        send(id + "-in", "a", new byte[] {1});
        send(id + "-in", "a", new byte[] {1});
        Outcome outcome =
                Outcome.of("run", "--observe", "--until-end", file(id, "").toString());
        assertThat(outcome.err()).contains("Mode observe: nothing is kept back");
        assertThat(read(id + "-out")).hasSize(2);
        assertThat(outcome.out()).containsPattern("duplicates +1");
    }

    @Test
    void run_restartedOverAnExistingTargetAndObserving_starts() throws Exception {
        String id = "observe-again";
        topic(id + "-in", 1, Map.of());
        send(id + "-in", "a", new byte[] {1});
        Path file = file(id, "");
        assertThat(Outcome.of("run", "--observe", "--until-end", file.toString())
                        .exitCode())
                .isZero();
        send(id + "-in", "b", new byte[] {1});
        Outcome again = Outcome.of("run", "--observe", "--until-end", file.toString());
        assertThat(again.err()).doesNotContain("DEDUP-");
        assertThat(again.exitCode()).isZero();
        assertThat(read(id + "-out")).hasSize(2);
    }

    /** Retention, transaction markers and aborted records leave offsets that nobody ever reads. */
    @Test
    void run_untilEndOverOffsetsWithoutRecords_ends() throws Exception {
        // Given
        String id = "holes";
        topic(id + "-in", 3, Map.of());
        TopicPartition deleted = new TopicPartition(id + "-in", 0);
        Map<String, Object> configs = Map.of("bootstrap.servers", broker.bootstrapServers());
        try (var producer = new KafkaProducer<>(configs, new ByteArraySerializer(), new ByteArraySerializer())) {
            producer.send(new ProducerRecord<>(id + "-in", 0, null, new byte[] {1}))
                    .get();
        }
        admin.deleteRecords(Map.of(deleted, RecordsToDelete.beforeOffset(1)))
                .all()
                .get();
        Map<String, Object> transactional =
                Map.of("bootstrap.servers", broker.bootstrapServers(), "transactional.id", id);
        try (var producer = new KafkaProducer<>(transactional, new ByteArraySerializer(), new ByteArraySerializer())) {
            producer.initTransactions();
            producer.beginTransaction();
            producer.send(new ProducerRecord<>(id + "-in", 1, null, new byte[] {1}))
                    .get();
            producer.abortTransaction();
            producer.beginTransaction();
            RecordHeaders headers = new RecordHeaders();
            headers.add("idempotency-key", new byte[] {1});
            producer.send(new ProducerRecord<>(id + "-in", 2, null, null, new byte[] {1}, headers))
                    .get();
            producer.commitTransaction();
        }
        // When
        Outcome outcome = Outcome.of("run", "--until-end", file(id, "").toString());
        // Then
        assertThat(outcome.exitCode()).isZero();
        assertThat(outcome.err()).contains("1 of 1");
        assertThat(read(id + "-out")).hasSize(1);
    }

    @Test
    void verify_beforeAndAfterTheRelay_saysWhetherItIsClean() throws Exception {
        // Given
        String id = "verify";
        topic(id + "-in", 2, Map.of());
        for (String key : List.of("a", "b", "a", "a", "c")) {
            send(id + "-in", key, new byte[] {1});
        }
        send(id + "-in", null, new byte[] {1});
        Path file = file(id, "");
        // When
        Outcome before = Outcome.of("verify", id + "-in", file.toString());
        assertThat(Outcome.of("run", "--until-end", file.toString()).exitCode()).isZero();
        Outcome after = Outcome.of("verify", id + "-out", file.toString());
        // Then
        assertThat(before.exitCode()).isEqualTo(ExitCode.FOUND_SOMETHING);
        assertThat(before.out())
                .contains("6 records")
                .containsPattern("duplicates +2  33.33 %")
                .contains("a  2 more, first at " + id + "-in-");
        assertThat(after.exitCode()).isZero();
        assertThat(after.out()).contains("Clean");
        assertThat(Outcome.of("verify", "no-such-topic", file.toString()).exitCode())
                .isEqualTo(ExitCode.USAGE);
    }

    @Test
    void check_topicsThatDoNotFit_areAllNamed() throws Exception {
        // Given
        String id = "misfit";
        topic(id + "-arrival", 2, Map.of("message.timestamp.type", "LogAppendTime"));
        topic(id + "-out", 2, Map.of("message.timestamp.after.max.ms", "1000"));
        topic(id + "-control", 3, Map.of());
        Path file = file(
                id,
                "dedup.routes=" + id + "-arrival->" + id + "-out," + id + "-none->" + id + "-other",
                "dedup.control.topic=" + id + "-control",
                "dedup.create.topics=false",
                "replication.factor=3");
        // When
        Outcome outcome = Outcome.of("check", file.toString());
        // Then
        assertThat(outcome.exitCode()).isEqualTo(ExitCode.CONFIGURATION_INVALID);
        assertThat(outcome.err())
                .contains("DEDUP-202 dedup.routes=" + id + "-none")
                .contains("DEDUP-202 dedup.routes=" + id + "-other")
                .contains("DEDUP-202 dedup.dead.letter.topic=" + id + "-dead-letter")
                .contains("DEDUP-203 dedup.routes=" + id + "-arrival")
                .contains("DEDUP-204 dedup.routes=" + id + "-arrival")
                .contains("DEDUP-205 dedup.max.future.ms=3600000")
                .contains("DEDUP-207 replication.factor=3");
        assertThat(admin.listTopics().names().get()).doesNotContain(id + "-other");
    }

    @Test
    void create_twoInstancesAtOnce_theSecondFindsThemThere() throws Exception {
        // Given
        String id = "twice";
        topic(id + "-in", 1, Map.of());
        Settings settings = Settings.load(file(id, ""), Map.of(), List.of());
        ClusterCheck one = new ClusterCheck(settings.application(), ConfigurationOptions.config(settings), admin);
        ClusterCheck two = new ClusterCheck(settings.application(), ConfigurationOptions.config(settings), admin);
        assertThat(one.problems()).isEmpty();
        assertThat(two.problems()).isEmpty();
        // When
        one.create();
        two.create();
        // Then
        assertThat(two.toCreate()).containsKeys(id + "-out", id + "-dead-letter");
        assertThat(admin.listTopics().names().get()).contains(id + "-out", id + "-dead-letter");
    }

    @Test
    void run_localStateIsDamaged_saysWhatToDelete() throws Exception {
        // Given
        String id = "damaged";
        topic(id + "-in", 1, Map.of());
        send(id + "-in", "a", new byte[] {1});
        // A relay that fails is missed by its group when its session ends.
        Path file = file(id, "session.timeout.ms=6000", "heartbeat.interval.ms=1000");
        assertThat(Outcome.of("run", "--until-end", file.toString()).exitCode()).isZero();
        try (Stream<Path> files = Files.walk(directory.resolve("state"))) {
            List<Path> current = files.filter(path -> path.endsWith("CURRENT")).toList();
            assertThat(current).isNotEmpty();
            for (Path path : current) {
                Files.writeString(path, "garbage");
            }
        }
        send(id + "-in", "b", new byte[] {1});
        // When
        Outcome outcome = Outcome.of("run", "--until-end", file.toString());
        // Then
        assertThat(outcome.exitCode()).isEqualTo(ExitCode.FAILED);
        assertThat(outcome.err())
                .contains("delete the directory")
                .contains(directory.resolve("state").toString());
        // When it is deleted
        Utils.delete(directory.resolve("state").toFile());
        assertThat(Outcome.of("run", "--until-end", file.toString()).exitCode()).isZero();
        assertThat(read(id + "-out")).hasSize(2);
    }

    @Test
    void check_topicStampedByTheBroker_isWorthKnowingAndNoMore() throws Exception {
        String id = "arrival";
        topic(id + "-in", 1, Map.of("message.timestamp.type", "LogAppendTime"));
        Outcome outcome = Outcome.of("check", file(id, "").toString());
        assertThat(outcome.exitCode()).isZero();
        assertThat(outcome.err()).contains("Worth knowing: DEDUP-204");
    }

    @Test
    void inspect_beforeTheFirstStart_saysSo() throws Exception {
        String id = "never-run";
        topic(id + "-in", 1, Map.of());
        Outcome outcome = Outcome.of("inspect", "--key", "a", file(id, "").toString());
        assertThat(outcome.exitCode()).isEqualTo(ExitCode.FAILED);
        assertThat(outcome.err()).contains("has never run");
    }

    @Test
    void check_topicsThatFit_saysSoAndChangesNothing() throws Exception {
        String id = "fits";
        topic(id + "-in", 2, Map.of());
        Outcome outcome = Outcome.of("check", file(id, "").toString());
        assertThat(outcome.err()).isEmpty();
        assertThat(outcome.out()).contains("Nothing is wrong.");
        assertThat(admin.listTopics().names().get()).doesNotContain(id + "-out");
    }

    @Test
    void run_partitionsAddedSince_isRefusedBeforeItStarts() throws Exception {
        String id = "grown";
        topic(id + "-in", 1, Map.of());
        send(id + "-in", "a", new byte[] {1});
        Path file = file(id, "");
        assertThat(Outcome.of("run", "--until-end", file.toString()).exitCode()).isZero();
        admin.createPartitions(Map.of(id + "-in", org.apache.kafka.clients.admin.NewPartitions.increaseTo(2)))
                .all()
                .get();
        Outcome outcome = Outcome.of("run", "--until-end", file.toString());
        assertThat(outcome.exitCode()).isEqualTo(ExitCode.CONFIGURATION_INVALID);
        assertThat(outcome.err()).contains("DEDUP-203").contains("docs/operations.md");
    }

    @Test
    void inspectAndForget_runningRelay_findAKeyAndMakeItForgotten() throws Exception {
        // Given
        String id = "asked";
        topic(id + "-in", 2, Map.of());
        topic(id + "-control", 2, Map.of());
        Path file = file(id, "dedup.control.topic=" + id + "-control");
        send(id + "-in", "a", new byte[] {1});
        Settings settings = Settings.load(file, Map.of(), List.of());
        topic(id + "-out", 2, Map.of());
        topic(id + "-dead-letter", 2, Map.of());
        try (Relay relay = new Relay(settings.application(), ConfigurationOptions.config(settings))) {
            relay.start(false);
            await().atMost(PATIENCE)
                    .untilAsserted(() -> assertThat(read(id + "-out")).hasSize(1));
            // When
            Outcome known = Outcome.of("inspect", "--key", "a", file.toString());
            Outcome unknown = Outcome.of("inspect", "--key", "b", file.toString());
            // Then
            assertThat(known.out()).contains("Remembered").contains(id + "-in-").contains("until");
            assertThat(unknown.out()).contains("Not remembered");
            // When
            assertThat(Outcome.of("forget", "--key", "a", file.toString()).exitCode())
                    .isZero();
            // Then
            await().atMost(PATIENCE)
                    .untilAsserted(() -> assertThat(Outcome.of("inspect", "--key", "a", file.toString())
                                    .out())
                            .contains("Not remembered"));
            send(id + "-in", "a", new byte[] {1});
            await().atMost(PATIENCE)
                    .untilAsserted(() -> assertThat(read(id + "-out")).hasSize(2));
        }
    }

    @Test
    void probes_runningThenStopped_sayWhetherItLivesAndIsReady() throws Exception {
        // Given
        String id = "probed";
        for (String topic : List.of("-in", "-out", "-dead-letter")) {
            topic(id + topic, 1, Map.of());
        }
        send(id + "-in", "a", new byte[] {1});
        Settings settings = Settings.load(file(id, ""), Map.of(), List.of());
        try (Relay relay = new Relay(settings.application(), ConfigurationOptions.config(settings));
                Probes probes = Probes.start("127.0.0.1", 0, relay.streams())) {
            List<Socket> slow = halfRequests(probes, 64);
            assertThat(get(probes, "/health/live").statusCode())
                    .as("not started")
                    .isEqualTo(200);
            assertThat(get(probes, "/health/ready").statusCode())
                    .as("not started")
                    .isEqualTo(503);
            for (Socket socket : slow) {
                socket.setSoTimeout(Math.toIntExact(PATIENCE.toMillis()));
                assertThat(socket.getInputStream().read())
                        .as("closed by the server")
                        .isEqualTo(-1);
                socket.close();
            }
            // When
            relay.start(false);
            // Then
            await().atMost(PATIENCE)
                    .untilAsserted(() -> assertThat(get(probes, "/health/ready").statusCode())
                            .isEqualTo(200));
            await().atMost(PATIENCE)
                    .untilAsserted(() -> assertThat(get(probes, "/metrics").body())
                            .containsPattern("kafka_stream_dedup_firsts_total\\{[^}]*} 1.0"));
            // When
            assertThat(relay.streams().close(Duration.ofSeconds(30))).isTrue();
            // Then
            assertThat(get(probes, "/health/live").statusCode()).isEqualTo(503);
            assertThat(get(probes, "/health/ready").statusCode()).isEqualTo(503);
        }
        assertThat(Probes.isAlive(KafkaStreams.State.REBALANCING)).isTrue();
        assertThat(Probes.isAlive(KafkaStreams.State.ERROR)).isFalse();
        assertThat(Probes.isAlive(KafkaStreams.State.PENDING_ERROR)).isFalse();
    }

    @Test
    void run_recordThatIsToStopIt_endsWithTheReason() throws Exception {
        String id = "failing";
        topic(id + "-in", 1, Map.of());
        send(id + "-in", null, new byte[] {1});
        Outcome outcome = Outcome.of(
                "run", "--until-end", file(id, "dedup.on.missing.key=fail").toString());
        assertThat(outcome.exitCode()).isEqualTo(ExitCode.FAILED);
        assertThat(outcome.err())
                .contains("The relay has stopped")
                .contains("missing-key:absent")
                .contains(id + "-in-0@0");
    }

    @Test
    void process_sigterm_stopsWithinABoundAndLosesNothing() throws Exception {
        // Given
        String id = "signalled";
        topic(id + "-in", 1, Map.of());
        send(id + "-in", "a", new byte[] {1});
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        DedupCommand.class.getName(),
                        "run",
                        file(id, "").toString())
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve("relay.log").toFile())
                .start();
        await().atMost(PATIENCE)
                .ignoreExceptions()
                .untilAsserted(() -> assertThat(read(id + "-out")).hasSize(1));
        // When
        process.destroy();
        // Then
        CompletableFuture<Process> exit = process.onExit();
        assertThat(exit).succeedsWithin(Duration.ofSeconds(35));
        assertThat(process.exitValue()).isEqualTo(143);
        assertThat(admin.describeConsumerGroups(List.of(id)).all().get().values())
                .as("it has left its group")
                .singleElement()
                .satisfies(group -> assertThat(group.members()).isEmpty());
    }

    /** Clients that send one byte of their request and then nothing. */
    private static List<Socket> halfRequests(Probes probes, int count) throws IOException {
        List<Socket> sockets = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            Socket socket = new Socket(InetAddress.getLoopbackAddress(), probes.port());
            socket.getOutputStream().write('G');
            sockets.add(socket);
        }
        return sockets;
    }

    private static HttpResponse<String> get(Probes probes, String path) throws IOException, InterruptedException {
        URI uri = URI.create("http://127.0.0.1:" + probes.port() + path);
        return HttpClient.newHttpClient()
                .send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString());
    }

    private Path file(String id, String... more) throws IOException {
        return RelayFile.write(
                directory,
                id,
                List.of(
                        "application.id=" + id,
                        "bootstrap.servers=" + broker.bootstrapServers(),
                        "state.dir=" + directory.resolve("state"),
                        "dedup.routes=" + id + "-in->" + id + "-out"),
                more);
    }

    private static void topic(String name, int partitions, Map<String, String> configs) throws Exception {
        admin.createTopics(List.of(new NewTopic(name, partitions, (short) 1).configs(configs)))
                .all()
                .get();
    }

    private static void send(String topic, @Nullable String idempotencyKey, byte @Nullable [] value) throws Exception {
        Properties configs = Utils.mkProperties(Map.of("bootstrap.servers", broker.bootstrapServers()));
        RecordHeaders headers = new RecordHeaders();
        if (idempotencyKey != null) {
            headers.add("idempotency-key", idempotencyKey.getBytes(UTF_8));
        }
        try (var producer = new KafkaProducer<>(configs, new ByteArraySerializer(), new ByteArraySerializer())) {
            producer.send(new ProducerRecord<>(topic, null, null, "key".getBytes(UTF_8), value, headers))
                    .get();
        }
    }

    private static List<ConsumerRecord<byte[], byte[]>> read(String topic) {
        Map<String, Object> configs =
                Map.of("bootstrap.servers", broker.bootstrapServers(), "isolation.level", "read_committed");
        try (var consumer = new KafkaConsumer<>(configs, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            List<TopicPartition> partitions = consumer.partitionsFor(topic).stream()
                    .map(info -> new TopicPartition(topic, info.partition()))
                    .toList();
            consumer.assign(partitions);
            Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
            consumer.seekToBeginning(partitions);
            List<ConsumerRecord<byte[], byte[]>> records = new ArrayList<>();
            while (partitions.stream().anyMatch(p -> consumer.position(p) < ends.getOrDefault(p, 0L))) {
                consumer.poll(Duration.ofMillis(100)).forEach(records::add);
            }
            return records;
        }
    }
}
