// SPDX-License-Identifier: Apache-2.0
package io.dedup.runner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a relay does when its topics are changed, on a real broker. */
@Timeout(value = 3, unit = TimeUnit.MINUTES)
class ChangedTopicsIT {
    @SuppressWarnings("NullAway.Init") // started before the tests
    private static RelayFixture relays;

    @TempDir
    Path directory;

    @BeforeAll
    static void start() {
        relays = new RelayFixture();
    }

    @AfterAll
    static void stop() {
        relays.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"as-is", "by-key"})
    void run_partitionsAdded_stopsAndSaysHowNoKeyIsForgotten(String partitioning) throws Exception {
        // Given
        String id = "grows-" + partitioning;
        relays.topic(id + "-in", 1);
        relays.send(id + "-in", "a");
        Path file = file(id, "dedup.partitioning=" + partitioning);
        CompletableFuture<Outcome> relay = relays.running(file, id + "-out", "a");
        // When
        relays.admin()
                .createPartitions(Map.of(id + "-in", NewPartitions.increaseTo(2)))
                .all()
                .get();
        // Then
        assertThat(relay).succeedsWithin(RelayFixture.PATIENCE).satisfies(outcome -> {
            assertThat(outcome.exitCode()).isEqualTo(ExitCode.TOPICS_CHANGED);
            assertThat(outcome.err())
                    .contains("DEDUP-203 dedup.routes=" + id + "-in")
                    .contains("It had 1 partitions when the relay started, and has 2")
                    .contains("'Change the number of partitions' in docs/operations.md")
                    .doesNotContain("StreamsResetter");
        });
        // When it is started all the same
        Outcome again = relays.untilEnd(file);
        // Then
        assertThat(again.exitCode()).isEqualTo(ExitCode.CONFIGURATION_INVALID);
        assertThat(again.err()).contains("DEDUP-203");
        // When the keys are taken over under another name
        Path renamed =
                relays.file(directory, id + "-2", id + "-in->" + id + "-out", "dedup.partitioning=" + partitioning);
        String[] warmStart = {"warm-start", "--from-group", id, "--everywhere", renamed.toString()};
        await().atMost(RelayFixture.PATIENCE).untilAsserted(() -> {
            Outcome warm = Outcome.of(warmStart);
            assertThat(warm.exitCode()).as(warm.err()).isZero();
        });
        relays.send(id + "-in", "a", "b", "c", "d");
        Outcome rest = relays.untilEnd(renamed);
        // Then
        assertThat(rest.exitCode()).as(rest.err()).isZero();
        assertThat(relays.read(id + "-out")).containsExactlyInAnyOrder("a", "b", "c", "d");
    }

    @Test
    void run_oneSourceDeleted_isNamedAndTheOtherRouteGoesOnWithoutIt() throws Exception {
        // Given
        String id = "half";
        relays.topic(id + "-gone", 1);
        relays.topic(id + "-in", 2);
        relays.send(id + "-in", "a", "b");
        String routes = id + "-gone->" + id + "-gone-out," + id + "-in->" + id + "-out";
        Path both = relays.file(directory, id, routes);
        CompletableFuture<Outcome> relay = relays.running(both, id + "-out", "a", "b");
        // When
        relays.delete(id + "-gone");
        // Then
        assertThat(relay).succeedsWithin(RelayFixture.PATIENCE).satisfies(outcome -> {
            assertThat(outcome.exitCode()).isEqualTo(ExitCode.TOPICS_CHANGED);
            assertThat(outcome.err())
                    .contains("DEDUP-221 dedup.routes=" + id + "-gone: It was deleted while the relay ran")
                    .contains("--leave-out-missing");
        });
        // When
        relays.send(id + "-in", "a", "c");
        Outcome refused = relays.untilEnd(both);
        Outcome rest = relays.untilEnd(both, "--leave-out-missing");
        // Then
        assertThat(refused.exitCode()).isEqualTo(ExitCode.CONFIGURATION_INVALID);
        assertThat(refused.err()).contains("DEDUP-202 dedup.routes=" + id + "-gone");
        assertThat(rest.exitCode()).as(rest.err()).isZero();
        assertThat(rest.err())
                .contains("Left out, since its source is not there: " + id + "-gone->" + id + "-gone-out");
        assertThat(relays.read(id + "-out")).containsExactlyInAnyOrder("a", "b", "c");
    }

    /**
     * Kafka's clients go on at the offset where they were in the old topic, unless they have seen that there was none for a moment. With a
     * long back-off they have not.
     */
    @ParameterizedTest
    @ValueSource(longs = {100, 3000})
    void run_sourceCreatedAgain_isReadFromItsBeginning(long backOffMs) throws Exception {
        // Given
        String id = "again-" + backOffMs;
        relays.topic(id + "-in", 1);
        relays.send(id + "-in", keys(0, 20));
        Path file = file(
                id, "main.consumer.retry.backoff.ms=" + backOffMs, "main.consumer.retry.backoff.max.ms=" + backOffMs);
        CompletableFuture<Outcome> relay = relays.running(file, id + "-out", keys(0, 20));
        // When
        relays.delete(id + "-in");
        relays.topic(id + "-in", 1);
        relays.send(id + "-in", keys(10, 50));
        // Then
        assertThat(relay).succeedsWithin(RelayFixture.PATIENCE).satisfies(outcome -> {
            assertThat(outcome.exitCode()).isEqualTo(ExitCode.TOPICS_CHANGED);
            assertThat(outcome.err())
                    .contains("DEDUP-221 dedup.routes=" + id + "-in: It was deleted and created again");
        });
        Outcome next = relays.untilEnd(file);
        assertThat(next.exitCode()).as(next.err()).isZero();
        assertThat(relays.read(id + "-out")).containsExactlyInAnyOrder(keys(0, 50));
    }

    @Test
    void run_changelogDeleted_stopsUntilItIsFilledAgain() throws Exception {
        // Given
        String id = "amnesia";
        relays.topic(id + "-in", 1);
        relays.send(id + "-in", "a");
        CompletableFuture<Outcome> relay = relays.running(file(id), id + "-out", "a");
        // When
        String changelog = id + "-dedup-" + id + "-in-seen-changelog";
        relays.delete(changelog);
        // Then
        assertThat(relay).succeedsWithin(RelayFixture.PATIENCE).satisfies(outcome -> {
            assertThat(outcome.exitCode()).isEqualTo(ExitCode.TOPICS_CHANGED);
            assertThat(outcome.err())
                    .contains("DEDUP-222 application.id=" + id)
                    .contains("'When what is remembered is lost' in docs/operations.md");
        });
        // When
        relays.send(id + "-in", "b");
        Outcome refused = relays.untilEnd(file(id));
        Outcome checked = Outcome.of("check", file(id).toString());
        // Then
        assertThat(refused.exitCode()).isEqualTo(ExitCode.CONFIGURATION_INVALID);
        assertThat(refused.err()).contains("DEDUP-222").contains("--start-empty");
        assertThat(checked.exitCode()).isEqualTo(ExitCode.CONFIGURATION_INVALID);
        // When what was processed is remembered again
        relays.deleteIfThere(changelog);
        Outcome warm = Outcome.of("warm-start", file(id).toString());
        relays.send(id + "-in", "a");
        Outcome rest = relays.untilEnd(file(id));
        // Then
        assertThat(warm.exitCode()).as(warm.err()).isZero();
        assertThat(warm.out()).contains(id + "-in: 1 records read, 1 of them remembered");
        assertThat(rest.exitCode()).as(rest.err()).isZero();
        assertThat(relays.read(id + "-out")).containsExactly("a", "b");
    }

    @Test
    void run_startEmpty_forgetsOnPurpose() throws Exception {
        // Given
        String id = "empty";
        relays.topic(id + "-in", 1);
        relays.send(id + "-in", "a");
        assertThat(relays.untilEnd(file(id)).exitCode()).isZero();
        relays.delete(id + "-dedup-" + id + "-in-seen-changelog");
        relays.send(id + "-in", "a");
        // When
        Outcome refused = relays.untilEnd(file(id));
        Outcome empty = relays.untilEnd(file(id), "--start-empty");
        // Then
        assertThat(refused.err()).contains("DEDUP-222").contains("is not there");
        assertThat(empty.exitCode()).as(empty.err()).isZero();
        assertThat(relays.read(id + "-out")).containsExactly("a", "a");
    }

    @Test
    void run_targetDeleted_stopsAndNamesIt() throws Exception {
        // Given
        String id = "homeless";
        relays.topic(id + "-in", 1);
        relays.send(id + "-in", "a");
        CompletableFuture<Outcome> relay = relays.running(file(id), id + "-out", "a");
        // When
        relays.delete(id + "-out");
        // Then
        assertThat(relay).succeedsWithin(RelayFixture.PATIENCE).satisfies(outcome -> {
            assertThat(outcome.exitCode()).isEqualTo(ExitCode.TOPICS_CHANGED);
            assertThat(outcome.err()).contains("DEDUP-221 dedup.routes=" + id + "-out");
        });
    }

    @Test
    void check_recordsDeletedUnread_saysSoAndWhetherItGoesOn() throws Exception {
        // Given
        String id = "short";
        relays.topic(id + "-in", 1);
        relays.send(id + "-in", "a");
        assertThat(relays.untilEnd(file(id)).exitCode()).isZero();
        relays.send(id + "-in", "b", "c", "d");
        relays.admin()
                .deleteRecords(Map.of(new TopicPartition(id + "-in", 0), RecordsToDelete.beforeOffset(3)))
                .all()
                .get();
        // When
        Outcome earliest = Outcome.of("check", file(id).toString());
        Outcome latest =
                Outcome.of("check", file(id, "auto.offset.reset=latest").toString());
        Outcome none = Outcome.of("check", file(id, "auto.offset.reset=none").toString());
        // Then
        assertThat(earliest.exitCode()).isZero();
        assertThat(earliest.err())
                .contains("Worth knowing: DEDUP-223 dedup.routes=" + id + "-in")
                .contains("up to 2 records were deleted before it read them");
        assertThat(List.of(latest, none)).allSatisfy(outcome -> {
            assertThat(outcome.exitCode()).isEqualTo(ExitCode.CONFIGURATION_INVALID);
            assertThat(outcome.err())
                    .contains("DEDUP-224 auto.offset.reset=")
                    .contains(id + "-in-0 has offsets from 3 to 4, and 1 is committed");
        });
        assertThat(relays.untilEnd(file(id)).exitCode()).isZero();
        assertThat(relays.read(id + "-out")).containsExactly("a", "d");
    }

    @Test
    void run_offsetIsNotThereAndNoneIsChosen_endsWithTheNameOfThePartition() throws Exception {
        // Given
        String id = "unchosen";
        relays.topic(id + "-in", 1);
        relays.topic(id + "-out", 1);
        relays.send(id + "-in", "a");
        Settings settings = Settings.load(file(id, "auto.offset.reset=none"), Map.of(), List.of());
        // When
        try (Relay relay = new Relay(settings.application(), ConfigurationOptions.config(settings))) {
            relay.start(false);
            // Then
            assertThatThrownBy(relay::awaitEnd).isInstanceOfSatisfying(CommandFailedException.class, ended -> {
                assertThat(ended.exitCode()).isEqualTo(ExitCode.TOPICS_CHANGED);
                assertThat(ended.problems())
                        .singleElement()
                        .satisfies(problem -> assertThat(problem.toString())
                                .contains("DEDUP-224")
                                .contains(id + "-in-0 has no committed offset"));
            });
        }
    }

    /** Nothing that is there now is to be read, so that nothing is waited for. */
    @Test
    void run_untilEndFromTheLatest_ends() throws Exception {
        // Given
        String id = "latest";
        relays.topic(id + "-in", 2);
        relays.send(id + "-in", "a", "b", "c");
        // When
        Outcome outcome = relays.untilEnd(file(id, "auto.offset.reset=latest"));
        // Then
        assertThat(outcome.exitCode()).as(outcome.err()).isZero();
        assertThat(outcome.out()).contains(id + "-in: 0 records");
        assertThat(outcome.err())
                .contains("auto.offset.reset=latest: 3 records")
                .contains("are not read");
    }

    @Test
    void run_untilEndFromSomeTimeAgo_readsWhatIsYounger() throws Exception {
        // Given
        String id = "lately";
        relays.topic(id + "-in", 1);
        relays.send(id + "-in", "a", "b");
        // When
        Outcome outcome = relays.untilEnd(file(id, "auto.offset.reset=by_duration:PT1H"));
        // Then
        assertThat(outcome.exitCode()).as(outcome.err()).isZero();
        assertThat(relays.read(id + "-out")).containsExactly("a", "b");
    }

    /** As after a topic was deleted and created again, if its offsets were kept. */
    @Test
    void run_untilEndFromAnOffsetBeyondTheEnd_readsFromTheBeginning() throws Exception {
        // Given
        String id = "beyond";
        relays.topic(id + "-in", 1);
        relays.send(id + "-in", "a");
        assertThat(relays.untilEnd(file(id)).exitCode()).isZero();
        relays.send(id + "-in", "b");
        TopicPartition partition = new TopicPartition(id + "-in", 0);
        relays.admin()
                .alterConsumerGroupOffsets(id, Map.of(partition, new OffsetAndMetadata(100)))
                .all()
                .get();
        // When
        Outcome outcome = relays.untilEnd(file(id));
        // Then
        assertThat(outcome.exitCode()).as(outcome.err()).isZero();
        assertThat(relays.read(id + "-out")).containsExactly("a", "b");
    }

    private Path file(String id, String... more) throws IOException {
        return relays.file(directory, id, id + "-in->" + id + "-out", more);
    }

    private static String[] keys(int from, int to) {
        return IntStream.range(from, to).mapToObj(i -> "k" + i).toArray(String[]::new);
    }
}
