// SPDX-License-Identifier: Apache-2.0
package io.dedup.demo;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.dedup.testing.TestServers;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.GroupListing;
import org.apache.kafka.clients.admin.NewTopic;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

/** The command as somebody types it. */
class DemoOrdersIT {
    private static TestServers.Kafka broker = TestServers.kafka();

    @TempDir
    Path directory;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @BeforeAll
    static void requireBroker() {
        assertThat(broker.bootstrapServers()).contains(":");
    }

    @AfterAll
    static void stopBroker() {
        broker.close();
    }

    @Test
    void run_embeddedBroker_ledgerEqualsTheTruth() throws IOException {
        // When
        int exitCode = run("--events", "2000", "--duplicate-ratio", "0.3", "--seed", "7", "--partitions", "3");
        // Then
        JsonNode summary = summary();
        assertThat(exitCode).as(out + "\n" + err).isZero();
        assertThat(counts(summary)).containsAllEntriesOf(expectedOf2000());
        assertThat(out.toString()).contains("PASSED").contains("A naive consumer would have charged");
    }

    @Test
    void run_sameSeedTwiceOnSomebodysCluster_bothPassAndNothingOfThemIsLeft() throws Exception {
        for (int run = 0; run < 2; run++) {
            // When
            int exitCode = run(
                    "--events",
                    "2000",
                    "--duplicate-ratio",
                    "0.3",
                    "--seed",
                    "7",
                    "--bootstrap-servers",
                    broker.bootstrapServers());
            // Then
            assertThat(exitCode).as(out + "\n" + err).isZero();
            assertThat(counts(summary())).containsAllEntriesOf(expectedOf2000());
        }
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", broker.bootstrapServers()))) {
            assertThat(admin.listTopics().names().get())
                    .contains("orders", "payments.unique")
                    .noneMatch(topic -> topic.contains("changelog"));
            assertThat(admin.listGroups().all().get())
                    .extracting(GroupListing::groupId)
                    .noneMatch(group -> group.startsWith("demo-orders"));
        }
    }

    private static Map<String, Integer> expectedOf2000() {
        return Map.of(
                "operations", 2000,
                "sent", 2616,
                "firsts", 2000,
                "duplicates", 600,
                "conflicts", 4,
                "missingKey", 4,
                "late", 4,
                "future", 4,
                "deadLettered", 16,
                "ledgerEntries", 2000);
    }

    @Test
    void run_shippedSample_ledgerEqualsTheTruth() throws IOException {
        // When
        int exitCode = run("--input", "sample-traffic.jsonl");
        // Then
        assertThat(exitCode).as(out + "\n" + err).isZero();
        assertThat(counts(summary()))
                .containsAllEntriesOf(Map.of(
                        "operations", 7,
                        "sent", 20,
                        "firsts", 7,
                        "duplicates", 7,
                        "conflicts", 1,
                        "missingKey", 3,
                        "late", 1,
                        "future", 1,
                        "ledgerEntries", 7));
    }

    @Test
    void run_malformedLine_exitsWithTwoBeforeAnythingIsSent() throws IOException {
        // Given
        Path file = directory.resolve("bad.jsonl");
        List<String> lines = Files.readAllLines(Path.of("sample-traffic.jsonl"));
        Files.write(file, List.of(lines.get(0), lines.get(1), "{\"topic\":\"orders\""));
        // When
        int exitCode = run("--input", file.toString());
        // Then
        assertThat(exitCode).isEqualTo(2);
        assertThat(err.toString()).contains("bad.jsonl, line 3: it is not a JSON object");
        assertThat(out.toString()).isEmpty();
        assertThat(directory.resolve("out.json")).doesNotExist();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "--events 0 | --events must be between 1 and 2000000",
                "--events 2000001 | --events must be between 1 and 2000000",
                "--duplicate-ratio -1 | --duplicate-ratio must be between 0 and 10",
                "--duplicate-ratio NaN | --duplicate-ratio must be between 0 and 10",
                "--bootstrap-servers nonsense | --bootstrap-servers must be HOST:PORT",
                "--partitions 0 | --partitions must be between 1 and 1000",
                "--ttl 10 | '10' is not a duration; write 500ms, 90s, 10m, 24h, 7d or PT24H",
                "--ttl 10ms | --ttl must be between 1s",
                "--evnts 5 | Unknown option",
                "--input sample-traffic.jsonl --events 5 | leave out --events",
                "--input no-such.jsonl | --input cannot be read, or is no file: no-such.jsonl",
                "--input src | --input cannot be read, or is no file: src",
                "--database jdbc:postgresql:x | --database is for --serve",
                "--serve --database jdbc:h2:mem:x | --database must be jdbc:postgresql://HOST/DATABASE",
                "--serve --database jdbc:postgresql:x | name a cluster with --bootstrap-servers"
            })
    void run_unusableOptions_exitWithTwoAndSayWhy(String options, String message) {
        // When
        int exitCode = run(options.split(" "));
        // Then
        assertThat(exitCode).isEqualTo(2);
        assertThat(err.toString()).contains(message);
    }

    @Test
    void run_clusterThatDoesNotAnswer_exitsWithOneAndSaysWhich() throws IOException {
        // Given
        Path earlier = Files.writeString(directory.resolve("out.json"), "{\"lost\":0}");
        // When
        int exitCode = run("--events", "1", "--bootstrap-servers", "localhost:1");
        // Then
        assertThat(exitCode).isEqualTo(1);
        assertThat(earlier).as("the good news of an earlier run").doesNotExist();
        assertThat(err.toString()).contains("No broker answers at localhost:1").contains("demo-orders.log");
    }

    @Test
    void serve_portIsInUse_exitsWithOneAndSaysWhichAndWhatToDo() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            // When
            int exitCode = new CommandLine(new DemoOrders())
                    .setErr(new PrintWriter(err))
                    .execute("--serve", String.valueOf(taken.getLocalPort()));
            // Then
            assertThat(exitCode).isEqualTo(1);
            assertThat(err.toString())
                    .contains("Port " + taken.getLocalPort() + " of 127.0.0.1 cannot be listened at")
                    .contains("--serve PORT");
        }
    }

    @Test
    void run_topicThatRefusesOddTimes_exitsWithOneAndSaysWhatToSet() throws Exception {
        try (TestServers.Kafka other = TestServers.kafka();
                Admin admin = Admin.create(Map.of("bootstrap.servers", other.bootstrapServers()))) {
            // Given
            admin.createTopics(List.of(new NewTopic("orders", 2, (short) 1)))
                    .all()
                    .get();
            // When
            int exitCode = run("--events", "10", "--bootstrap-servers", other.bootstrapServers());
            // Then
            assertThat(exitCode).isEqualTo(1);
            assertThat(err.toString()).contains("'orders'").contains("message.timestamp.after.max.ms");
        }
    }

    @Test
    void help_teaches() {
        // When
        int exitCode =
                new CommandLine(new DemoOrders()).setOut(new PrintWriter(out)).execute("--help");
        // Then
        assertThat(exitCode).isZero();
        assertThat(out.toString()).contains("--summary-json", "Exit codes:", "Examples:", "--input");
    }

    private int run(String... options) {
        String[] all = new String[options.length + 2];
        System.arraycopy(options, 0, all, 0, options.length);
        all[options.length] = "--summary-json";
        all[options.length + 1] = directory.resolve("out.json").toString();
        return new CommandLine(new DemoOrders())
                .setOut(new PrintWriter(out))
                .setErr(new PrintWriter(err))
                .execute(all);
    }

    private JsonNode summary() throws IOException {
        return new ObjectMapper().readTree(directory.resolve("out.json").toFile());
    }

    private static Map<String, Integer> counts(JsonNode summary) {
        Map<String, Integer> counts = new HashMap<>();
        summary.properties().stream()
                .filter(field -> field.getValue().isInt())
                .forEach(field -> counts.put(field.getKey(), field.getValue().intValue()));
        assertThat(counts).containsEntry("chargedTwice", 0).containsEntry("lost", 0);
        return counts;
    }
}
