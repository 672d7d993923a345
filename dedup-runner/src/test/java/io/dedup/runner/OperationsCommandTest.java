// SPDX-License-Identifier: Apache-2.0
package io.dedup.runner;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.dedup.IdempotencyKey;
import io.dedup.handler.EncodedOutcome;
import io.dedup.store.ClaimRequest;
import io.dedup.store.ClaimResult;
import io.dedup.store.Completion;
import io.dedup.store.LeaseResult;
import io.dedup.store.ScopedKey;
import io.dedup.store.admin.OperationState;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

/** {@code dedup operations} on a store in a database. */
class OperationsCommandTest {
    private static final Duration HOURS = Duration.ofHours(2).plusMinutes(10).plusSeconds(30);
    private static final Duration LEASE = Duration.ofMinutes(1);
    private static final ScopedKey UNKNOWN = OperationsFixture.key("payments", "o-7");
    private static final ScopedKey RUNNING = OperationsFixture.key("payments", "o-12");

    @TempDir
    Path directory;

    @SuppressWarnings("NullAway.Init") // opened before each test
    private OperationsFixture fixture;

    @BeforeEach
    void fill() throws SQLException {
        fixture = new OperationsFixture();
        fixture.unknown(UNKNOWN, HOURS);
        fixture.claimed(RUNNING, Duration.ZERO);
        fixture.stuck(OperationsFixture.key("payments", "o-9"), Duration.ofHours(1), Duration.ofMinutes(30));
        fixture.succeeded(OperationsFixture.key("mails", "m-1"), Duration.ofDays(1), "sent");
    }

    @AfterEach
    void close() {
        fixture.close();
    }

    // Looking

    @Test
    void list_noOptions_showsAllThatIsNotDoneOldestFirst() {
        Outcome outcome = fixture.dedup("list");
        assertThat(outcome.exitCode()).isZero();
        assertThat(outcome.out().lines().map(line -> line.split(" ", 2)[0]))
                .containsExactly("STATE", "unknown", "stuck", "in-progress");
        assertThat(outcome.out())
                .containsPattern("unknown +payments +o-7 +header:idempotency-key +1 +2h10m +- ")
                .containsPattern("stuck +payments +o-9 .* over for 30m")
                .containsPattern("in-progress +payments +o-12 .* 2h59m left");
    }

    @Test
    void list_options_narrowIt() {
        assertThat(keys("--state", "unknown,stuck")).containsExactly("o-7", "o-9");
        assertThat(keys("--state", "all")).containsExactly("m-1", "o-7", "o-9", "o-12");
        assertThat(keys("--state", "all", "--scope", "mails")).containsExactly("m-1");
        assertThat(keys("--state", "all", "--scope", "mail")).isEmpty();
        assertThat(keys("--state", "all", "--scope", "mail*")).containsExactly("m-1");
        assertThat(keys("--older-than", "2h")).containsExactly("o-7");
    }

    @Test
    void list_moreThanTheLimit_saysSo() {
        Outcome outcome = fixture.dedup("list", "--limit", "2");
        assertThat(outcome.out().lines()).hasSize(3);
        assertThat(outcome.err()).contains("more than 2");
        assertThat(fixture.dedup("list", "--limit", "3").err()).isEmpty();
    }

    @Test
    void list_none_saysSo() {
        assertThat(fixture.dedup("list", "--state", "failed").out()).contains("no such operations");
    }

    @Test
    void list_json_isAnObjectALine() throws IOException {
        Outcome outcome = fixture.dedup("list", "--json", "--state", "unknown");
        JsonNode operation = new ObjectMapper().readTree(outcome.out().strip());
        assertThat(operation.path("key").asText()).isEqualTo("o-7");
        assertThat(operation.path("state").asText()).isEqualTo("unknown");
        assertThat(operation.path("ageMs").asLong()).isGreaterThan(HOURS.toMillis() - 1);
    }

    @Test
    void list_scopeAndKeyWithControlCharacters_areNotPrintedAsSuch() throws SQLException {
        ScopedKey odd = new ScopedKey("a\u001b[2J", IdempotencyKey.of("b\u0007", new byte[] {0x1b, 'c'}));
        fixture.unknown(odd, Duration.ZERO);
        assertThat(fixture.dedup("list").out())
                .contains("a?[2J")
                .contains("0x1b63")
                .doesNotContain("\u001b")
                .doesNotContain("\u0007");
    }

    @Test
    void show_operation_isAllThatIsKeptAndTheOutcomeOnlyIfAskedFor() {
        Outcome outcome = fixture.dedup("show", "m-1", "--scope", "mails");
        assertThat(outcome.exitCode()).isZero();
        assertThat(outcome.out())
                .contains("mails/header:idempotency-key=m-1")
                .containsPattern("state +succeeded")
                .containsPattern("first attempt .*, 1d0h ago")
                .containsPattern("token +\\d+")
                .containsPattern("outcome +4 bytes")
                .doesNotContain("sent");
        assertThat(fixture.dedup("show", "m-1", "--scope", "mails", "--outcome").out())
                .endsWith("sent\n");
    }

    @Test
    void show_keyThatIsNoText_isFoundAsItIsListed() throws SQLException {
        ScopedKey odd = new ScopedKey("odd", IdempotencyKey.of("value", new byte[] {0, (byte) 0xff}));
        fixture.unknown(odd, Duration.ZERO);
        assertThat(fixture.dedup("show", "0x00ff", "--scope", "odd").out()).contains("odd/value=0x00ff");
        assertThat(fixture.dedup("show", "0x00ff", "--scope", "odd", "--source", "value")
                        .out())
                .contains("odd/value=0x00ff");
    }

    @Test
    void show_keyOfTwoSources_asksForTheSource() throws SQLException {
        fixture.unknown(new ScopedKey("payments", IdempotencyKey.of("text", "o-7".getBytes(UTF_8))), Duration.ZERO);
        Outcome outcome = fixture.dedup("show", "o-7", "--scope", "payments");
        assertThat(outcome.exitCode()).isEqualTo(ExitCode.REFUSED);
        assertThat(outcome.err())
                .contains("--source")
                .contains("payments/text=o-7")
                .contains("payments/header:idempotency-key=o-7");
        assertThat(fixture.dedup("show", "o-7", "--scope", "payments", "--source", "text")
                        .exitCode())
                .isZero();
    }

    // Repairing

    @Test
    void resolve_withoutApply_showsWhatWouldChangeAndChangesNothing() {
        Outcome outcome = resolve("--done", "--codec", "string", "--outcome", "paid");
        assertThat(outcome.exitCode()).isZero();
        assertThat(outcome.out())
                .contains("Would change payments/header:idempotency-key=o-7")
                .containsPattern("from +unknown, attempts 1")
                .containsPattern("to +succeeded, outcome 14 bytes, attempts 1, kept until")
                .containsPattern("--apply --token \\d+ --reason");
        assertThat(state(UNKNOWN)).isEqualTo(OperationState.UNKNOWN);
    }

    @Test
    void resolve_applied_callsGetTheOutcomeAndTheChangeIsAudited() throws IOException {
        // Given
        Path audit = directory.resolve("audit.log");
        Files.writeString(audit, "earlier\n");
        ListAppender<ILoggingEvent> log = new ListAppender<>();
        log.start();
        Logger logger = (Logger) LoggerFactory.getLogger("dedup.audit");
        logger.setLevel(Level.INFO);
        logger.addAppender(log);
        // When
        Outcome outcome = resolve(
                "--done",
                "--codec",
                "string:2",
                "--outcome",
                "paid",
                "--apply",
                "--by",
                "alice",
                "--reason",
                "seen \"ch_81\"\nat the provider",
                "--audit-file",
                audit.toString());
        logger.detachAppender(log);
        // Then
        assertThat(outcome.exitCode()).isZero();
        assertThat(fixture.store().claim(ClaimRequest.of(UNKNOWN, null, LEASE, LEASE)))
                .isEqualTo(new ClaimResult.Completed(
                        Completion.succeeded(new EncodedOutcome("string", 2, "paid".getBytes(UTF_8)).toStored())));
        assertThat(outcome.out().lines()).hasSize(2);
        String line = outcome.out().lines().toList().get(1);
        assertThat(log.list)
                .singleElement()
                .satisfies(event -> assertThat(event.getFormattedMessage()).isEqualTo(line));
        assertThat(Files.readString(audit)).isEqualTo("earlier\n" + line + "\n");
        JsonNode fields = new ObjectMapper().readTree(line);
        assertThat(fields.path("by").asText()).isEqualTo("alice");
        assertThat(fields.path("action").asText()).isEqualTo("resolve-done");
        assertThat(fields.path("reason").asText()).isEqualTo("seen \"ch_81\"\nat the provider");
        assertThat(fields.path("before").path("state").asText()).isEqualTo("unknown");
        assertThat(fields.path("after").path("state").asText()).isEqualTo("succeeded");
        assertThat(fields.path("after").path("outcomeBytes").asInt()).isEqualTo(14);
    }

    @Test
    void resolve_outcomeThatItsCodecCouldNotRead_isRefused() {
        Outcome notJson = resolve("--done", "--outcome", "paid", "--apply", "--reason", "r");
        assertThat(notJson.exitCode()).isEqualTo(ExitCode.USAGE);
        assertThat(notJson.err()).contains("--codec").contains("JSON");
        Outcome nameless = resolve("--done", "--codec", ":2", "--outcome", "1", "--apply", "--reason", "r");
        assertThat(nameless.exitCode()).isEqualTo(ExitCode.USAGE);
        assertThat(nameless.err()).contains("--codec must be a name, or NAME:VERSION");
        assertThat(state(UNKNOWN)).isEqualTo(OperationState.UNKNOWN);
    }

    @Test
    void resolve_outcomeFromAFile_isItsBytes() throws IOException {
        Path file = directory.resolve("outcome");
        Files.write(file, new byte[] {0, 1, (byte) 0xff});
        assertThat(resolve("--done", "--codec", "bytes", "--outcome-file", file.toString(), "--apply", "--reason", "r")
                        .exitCode())
                .isZero();
        assertThat(fixture.store().claim(ClaimRequest.of(UNKNOWN, null, LEASE, LEASE)))
                .isEqualTo(new ClaimResult.Completed(Completion.succeeded(
                        new EncodedOutcome("bytes", 1, new byte[] {0, 1, (byte) 0xff}).toStored())));
    }

    @Test
    void resolve_notDone_nextCallRunsIt() {
        assertThat(resolve("--not-done", "--apply", "--reason", "no charge there")
                        .exitCode())
                .isZero();
        assertThat(fixture.store().claim(ClaimRequest.of(UNKNOWN, null, LEASE, LEASE)))
                .isInstanceOf(ClaimResult.Acquired.class);
    }

    @Test
    void forget_applied_nextCallIsTheFirst() {
        String[] forget = {"forget", "m-1", "--scope", "mails"};
        assertThat(fixture.dedup(forget).out()).contains("to    forgotten");
        assertThat(state(OperationsFixture.key("mails", "m-1"))).isEqualTo(OperationState.SUCCEEDED);
        assertThat(fixture.dedup("forget", "m-1", "--scope", "mails", "--apply", "--reason", "never sent")
                        .out())
                .contains("\"action\":\"forget\"");
        assertThat(fixture.dedup(forget).exitCode()).isEqualTo(ExitCode.REFUSED);
    }

    @ParameterizedTest
    @ValueSource(strings = {"resolve", "forget"})
    void repair_ownerHoldsTheLease_isRefusedWithTheRestOfIt(String command) {
        String[] arguments = command.equals("forget")
                ? new String[] {"forget", "o-12", "--scope", "payments", "--apply", "--reason", "r"}
                : new String[] {"resolve", "o-12", "--scope", "payments", "--not-done", "--apply", "--reason", "r"};
        Outcome outcome = fixture.dedup(arguments);
        assertThat(outcome.exitCode()).isEqualTo(ExitCode.REFUSED);
        assertThat(outcome.err()).contains("Nothing was changed").contains("2h59m");
        assertThat(outcome.out()).isEmpty();
        assertThat(state(RUNNING)).isEqualTo(OperationState.IN_PROGRESS);
    }

    @Test
    void resolve_ended_isRefused() {
        Outcome outcome = fixture.dedup("resolve", "m-1", "--scope", "mails", "--not-done");
        assertThat(outcome.exitCode()).isEqualTo(ExitCode.REFUSED);
        assertThat(outcome.err()).contains("succeeded").contains("forget");
    }

    /** Whoever applies what a dry run has shown applies it to that and to nothing else. */
    @Test
    void repair_anotherTokenThanWasSeen_isRefused() {
        long token = fixture.store().operations().find(UNKNOWN).orElseThrow().token();
        resolve("--not-done", "--apply", "--reason", "first");
        Outcome second = resolve("--done", "--apply", "--reason", "second", "--token", String.valueOf(token));
        assertThat(second.exitCode()).isEqualTo(ExitCode.REFUSED);
        assertThat(second.err()).contains("no longer as it was");
        assertThat(state(UNKNOWN)).isEqualTo(OperationState.RELEASED);
    }

    @Test
    void apply_auditFileCannotBeOpened_changesNothing() {
        Outcome outcome = resolve(
                "--not-done",
                "--apply",
                "--reason",
                "r",
                "--audit-file",
                directory.resolve("no/file").toString());
        assertThat(outcome.exitCode()).isEqualTo(ExitCode.FAILED);
        assertThat(outcome.err()).contains("Nothing was changed");
        assertThat(state(UNKNOWN)).isEqualTo(OperationState.UNKNOWN);
    }

    static Stream<Arguments> mistakes() {
        return Stream.of(
                arguments("list --state lost", "--state has to be one of in-progress, stuck"),
                arguments("list --limit 0", "--limit must be at least 1: 0"),
                arguments("list --older-than PT-1S", "--older-than must not be negative"),
                arguments("list --table a;b", "--table: name must be"),
                arguments("list --password:env NO_SUCH_VARIABLE", "NO_SUCH_VARIABLE"),
                arguments("show o-7", "--scope"),
                arguments("resolve o-7 --scope payments", "--done"),
                arguments("resolve o-7 --scope payments --done --not-done", "mutually exclusive"),
                arguments("resolve o-7 --scope payments --not-done --outcome x", "--not-done has no outcome"),
                arguments("resolve o-7 --scope payments --done --outcome x --outcome-file y", "exclude each other"),
                arguments("resolve o-7 --scope payments --done --outcome-file none", "cannot be read"),
                arguments("resolve o-7 --scope payments --done --ttl 0s", "--ttl"),
                arguments("resolve o-7 --scope payments --done --apply", "--reason"));
    }

    @ParameterizedTest
    @MethodSource("mistakes")
    void commandLine_mistake_isUsageAndSaysWhatIsWrong(String line, String said) {
        Outcome outcome = fixture.dedup(line.split(" "));
        assertThat(outcome.exitCode()).as(outcome.err()).isEqualTo(ExitCode.USAGE);
        assertThat(outcome.err()).contains(said);
        assertThat(state(UNKNOWN)).isEqualTo(OperationState.UNKNOWN);
    }

    // The store

    static Stream<Arguments> stores() {
        return Stream.of(
                arguments("memory:100", ExitCode.USAGE, "in the memory of the process"),
                arguments("mongodb://host", ExitCode.USAGE, "has to begin with jdbc:"),
                arguments("redis://a:hunter2@local host", ExitCode.USAGE, "--store is malformed"),
                arguments("redis://a:hunter2@localhost:1", ExitCode.UNREACHABLE, "cannot be reached"),
                arguments("jdbc:mysql://host/db", ExitCode.USAGE, "com.mysql:mysql-connector-j"),
                arguments("jdbc:oracle:thin:@host", ExitCode.USAGE, "not jdbc:oracle"),
                arguments(
                        "jdbc:postgresql://localhost:1/db?user=a&password=hunter2", ExitCode.UNREACHABLE, "cannot be"),
                arguments("jdbc:h2:mem:nothing-here", ExitCode.FAILED, "dedup_operations is not there"));
    }

    @ParameterizedTest
    @MethodSource("stores")
    void store_thatCannotBeUsed_saysWhyAndNoSecret(String store, int exitCode, String said) {
        Outcome outcome = Outcome.of("operations", "list", "--store", store);
        assertThat(outcome.err()).contains(said).doesNotContain("hunter2");
        assertThat(outcome.exitCode()).isEqualTo(exitCode);
    }

    @Test
    void store_none_isUsage() {
        Outcome outcome = Outcome.of("operations", "list");
        assertThat(outcome.exitCode()).isEqualTo(ExitCode.USAGE);
        assertThat(outcome.err()).contains("--store").contains("DEDUP_CONSUMER_STORE");
    }

    @Test
    void store_passwordOfAVariable_isUsedAndNotShown() throws SQLException {
        // Given
        String url = "jdbc:h2:mem:guarded;DB_CLOSE_DELAY=-1";
        String password = System.getenv("PATH");
        try (Connection owner = DriverManager.getConnection(url, "sa", password);
                Statement statement = owner.createStatement()) {
            statement.execute("SELECT 1");
        }
        String[] list = {"operations", "list", "--store", url, "--user", "sa", "--password:env", "PATH"};
        // When
        Outcome right = Outcome.of(list);
        list[7] = "HOME";
        Outcome wrong = Outcome.of(list);
        // Then
        assertThat(right.err()).contains("dedup_operations is not there").doesNotContain(password);
        assertThat(wrong.exitCode()).isEqualTo(ExitCode.UNREACHABLE);
        assertThat(wrong.err()).doesNotContain(System.getenv("HOME"));
    }

    @Test
    void shown_addresses_haveNoSecrets() {
        assertThat(StoreOptions.shown("jdbc:postgresql://u:p@db/x?password=p")).isEqualTo("jdbc:postgresql://db/x");
        assertThat(StoreOptions.shown("jdbc:h2:mem:x;PASSWORD=p")).isEqualTo("jdbc:h2:mem:x");
        assertThat(StoreOptions.shown("rediss://u:p@host:6379/0")).isEqualTo("rediss://host:6379/0");
    }

    @ParameterizedTest
    @ValueSource(strings = {"list", "show", "resolve", "forget"})
    void help_everyCommand_explainsItself(String command) {
        Outcome outcome = Outcome.of("operations", command, "--help");
        assertThat(outcome.exitCode()).isZero();
        assertThat(outcome.out()).contains("Usage: dedup operations " + command).contains("--store");
    }

    @Test
    void repair_owner_hasLostItsClaim() throws SQLException {
        var zombie = fixture.stuck(OperationsFixture.key("payments", "o-20"), HOURS, HOURS);
        fixture.dedup("resolve", "o-20", "--scope", "payments", "--not-done", "--apply", "--reason", "r");
        assertThat(fixture.store().complete(zombie, Completion.unknown(), LEASE))
                .isEqualTo(new LeaseResult.Lost());
    }

    private Outcome resolve(String... options) {
        return fixture.dedup(Stream.concat(Stream.of("resolve", "o-7", "--scope", "payments"), Stream.of(options))
                .toArray(String[]::new));
    }

    private Stream<String> keys(String... options) {
        Outcome outcome = fixture.dedup(
                Stream.concat(Stream.of("list", "--json"), Stream.of(options)).toArray(String[]::new));
        assertThat(outcome.exitCode()).as(outcome.err()).isZero();
        return outcome.out().lines().map(line -> line.replaceAll(".*\"key\":\"([^\"]*)\".*", "$1"));
    }

    private OperationState state(ScopedKey key) {
        return fixture.store().operations().find(key).orElseThrow().state();
    }
}
