// SPDX-License-Identifier: Apache-2.0
package io.dedup.runner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.dedup.config.ConfigProblem.Code;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the command line does without a cluster. */
class DedupCommandTest {
    private static final String GOOD = "application.id=a\nbootstrap.servers=localhost:1\ndedup.routes=in->out\n";

    @TempDir
    Path directory;

    @Test
    void noCommand_showsTheFirstMinutesAndTheExitCodes() {
        Outcome outcome = Outcome.of();
        assertThat(outcome.exitCode()).isZero();
        assertThat(outcome.out()).contains("dedup init > orders.properties").contains("verify has found duplicates");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "init",
                "check",
                "warm-start",
                "run",
                "explain",
                "size",
                "verify",
                "inspect",
                "forget",
                "operations",
                "help"
            })
    void help_everyCommand_explainsItself(String command) {
        Outcome outcome = Outcome.of(command, "--help");
        assertThat(outcome.exitCode()).isZero();
        assertThat(outcome.out()).contains("Usage: dedup " + command);
        assertThat(Outcome.of("help", command).out()).isEqualTo(outcome.out());
    }

    @Test
    void help_errors_explainsEveryCode() {
        String out = Outcome.of("help", "errors").out();
        assertThat(Arrays.stream(Code.values()))
                .allSatisfy(code -> assertThat(out).contains(code + "  "));
    }

    @Test
    void help_unknownTopic_isUsage() {
        assertThat(Outcome.of("help", "me").exitCode()).isEqualTo(ExitCode.USAGE);
    }

    @Test
    void unknownOption_isUsage() {
        assertThat(Outcome.of("run", "--fast", "x").exitCode()).isEqualTo(ExitCode.USAGE);
    }

    @Test
    void completion_isGenerated() {
        assertThat(Outcome.of("generate-completion").out()).contains("complete -F _complete_dedup");
    }

    @Test
    void init_writtenToAFile_isValidAsItIs() throws IOException {
        // Given
        Path file = file(Outcome.of("init").out());
        // When
        Outcome outcome = Outcome.of("check", "--offline", "--set", "state.dir=" + directory, file.toString());
        // Then
        assertThat(outcome.err()).isEmpty();
        assertThat(outcome.exitCode()).isZero();
        assertThat(Files.readString(file))
                .contains("#dedup.ttl.ms=86400000")
                .contains("# How long a first is remembered");
    }

    @Test
    void init_everyLineUncommented_isStillValidButForWhatHasNoDefault() throws IOException {
        String all = Outcome.of("init").out().replaceAll("(?m)^#(dedup\\.[^=]+=.+)$", "$1");
        Outcome outcome = Outcome.of(
                "check",
                "--offline",
                "--set",
                "state.dir=" + directory,
                file(all).toString());
        assertThat(all).contains("\ndedup.ttl.ms=86400000\n");
        assertThat(outcome.err()).isEmpty();
    }

    @Test
    void check_noFile_isUsageWithTheAbsolutePath() {
        Outcome outcome =
                Outcome.of("check", directory.resolve("none.properties").toString());
        assertThat(outcome.exitCode()).isEqualTo(ExitCode.USAGE);
        assertThat(outcome.err())
                .contains(directory.resolve("none.properties").toAbsolutePath().toString());
    }

    static Stream<Arguments> mistakes() {
        return Stream.of(
                arguments("dedup.tll.ms=1", "DEDUP-101 dedup.tll.ms=1", "Did you mean dedup.ttl.ms?"),
                arguments("Dedup.ttl.ms=1000", "DEDUP-101 Dedup.ttl.ms", "Did you mean dedup.ttl.ms?"),
                arguments("dedupe.ttl.ms=1000", "DEDUP-101 dedupe.ttl.ms", "Did you mean dedup.ttl.ms?"),
                arguments("commit.interval.ms=1s", "DEDUP-102 commit.interval.ms=1s", "Write commit.interval.ms=1000."),
                arguments(
                        "dedup.ttl.ms=24h", "DEDUP-102 dedup.ttl.ms=24h", "Write dedup.ttl.ms=86400000. Allowed: [1,"),
                arguments("consumer.max.pol.records=5", "DEDUP-101", "Did you mean consumer.max.poll.records?"),
                arguments(
                        "processing.guarantee=exactly_twice",
                        "DEDUP-102 processing.guarantee=exactly_twice",
                        "documentation"),
                arguments("bootstrap.servers=localhost", "'localhost' is not a host and a port", "HOST:PORT"),
                arguments("num.stream.threads=0", "DEDUP-102 num.stream.threads=0", "1 or more"),
                arguments("dedup.key.pattern=[A-Z]\\w+", "DEDUP-122", "Write a backslash as \\\\"),
                arguments("dedup.scope=a\ndedup.scope=b", "DEDUP-123 dedup.scope", "in line 5 and in line 6"),
                arguments("commit.interval.ms=60000", "DEDUP-102", "transaction"),
                arguments("consumer.max.poll.records=many", "DEDUP-102 max.poll.records=many", "documentation"),
                arguments("producer.acks=7", "DEDUP-102 acks=7", "documentation"),
                arguments(
                        "processing.exception.handler=org.apache.kafka.streams.errors.LogAndContinueProcessingExceptionHandler",
                        "DEDUP-108 processing.exception.handler",
                        "dedup.processing.exception.handler"),
                arguments(
                        "production.exception.handler=org.apache.kafka.streams.errors.LogAndFailProcessingExceptionHandler",
                        "DEDUP-115 production.exception.handler",
                        "dedup.production.exception.handler"),
                arguments("dedup.on.duplicate=replay-outcome", "DEDUP-107", "duplicates-topic"),
                arguments("dedup.wrap.nodes=x", "DEDUP-107 dedup.wrap.nodes=x", "Remove the key"),
                arguments("dedup.routes=in->no topic", "DEDUP-118 dedup.routes=no topic", "letters, digits"),
                arguments("dedup.routes=..->out", "DEDUP-118 dedup.routes=..", "other than '.' and '..'"),
                arguments("dedup.routes=in->" + "x".repeat(250), "DEDUP-118 dedup.routes=xx", "It has 250 characters"),
                arguments(
                        "errors.dead.letter.queue.topic.name=no/topic",
                        "DEDUP-118 dedup.dead.letter.topic=no/topic",
                        "letters, digits"),
                arguments("application.id=a/b", "DEDUP-119 application.id=a/b", "Use letters, digits"),
                arguments(
                        "dedup.routes=" + "x".repeat(227) + "->out",
                        "DEDUP-119 application.id=a: The topic a-dedup-xx",
                        "by 1;"),
                arguments("dedup.routes=a.b->a_b", "DEDUP-210 dedup.routes=a", "Choose another name"),
                arguments("dedup.routes=a.b->c,a_b->d", "DEDUP-210", "Choose another name"),
                arguments("state.dir=/proc/nowhere", "DEDUP-208 state.dir=/proc/nowhere", "may write"),
                arguments("dedup.scope=${env:DEDUP_NO_SUCH_VARIABLE}", "DEDUP-113 dedup.scope", "Set the variable"));
    }

    @ParameterizedTest
    @MethodSource("mistakes")
    void check_mistake_namesTheKeyTheValueAndTheFix(String line, String problem, String fix) throws IOException {
        String state = line.startsWith("state.dir") ? "" : "state.dir=" + directory + "\n";
        Path file = RelayFile.write(
                directory, "mistake", Stream.concat(GOOD.lines(), state.lines()).toList(), line.split("\n", -1));
        Outcome outcome = Outcome.of("check", "--offline", file.toString());
        assertThat(outcome.exitCode()).isEqualTo(ExitCode.CONFIGURATION_INVALID);
        assertThat(outcome.err())
                .contains("One problem")
                .contains(problem)
                .contains(fix)
                .contains("help errors")
                .doesNotContainPattern("[.?!…]\\.(\\s|$)");
    }

    @Test
    void check_requiredKeyThatIsEmpty_isNotThere() throws IOException {
        String file =
                file(GOOD.replace("localhost:1", "") + "state.dir=" + directory).toString();
        assertThat(Outcome.of("check", "--offline", file).err())
                .contains("One problem")
                .contains("DEDUP-112 bootstrap.servers")
                .contains("localhost:9092");
    }

    @Test
    void check_fileWithAByteOrderMark_readsItsFirstLine() throws IOException {
        Outcome outcome = Outcome.of(
                "check",
                "--offline",
                file("\uFEFFdedup.mode=on\n" + GOOD + "state.dir=" + directory).toString());
        assertThat(outcome.err()).contains("One problem").contains("DEDUP-102 dedup.mode=on");
    }

    @Test
    void check_directoryInsteadOfAFile_isNotCalledMissing() {
        Outcome outcome = Outcome.of("check", "--offline", directory.toString());
        assertThat(outcome.exitCode()).isEqualTo(ExitCode.USAGE);
        assertThat(outcome.err()).contains("is a directory and not a file").doesNotContain("exist");
    }

    @ParameterizedTest
    @ValueSource(strings = {"check", "explain"})
    void offline_whatIsOnlyWorthKnowing_stopsNothing(String command) throws IOException {
        // Given
        String file = file(GOOD + "state.dir=" + directory + "\ndedup.ttl.ms=1\ndedup.max.future.ms=315360000000")
                .toString();
        // When
        Outcome outcome = command.equals("check") ? Outcome.of("check", "--offline", file) : Outcome.of(command, file);
        // Then
        assertThat(outcome.exitCode()).isZero();
        assertThat(outcome.err())
                .contains("Worth knowing: DEDUP-124 dedup.ttl.ms=1: ")
                .contains("Worth knowing: DEDUP-125 dedup.max.future.ms=315360000000: ");
        assertThat(outcome.out()).isNotBlank();
    }

    @Test
    void check_misspeltSecret_isNotPrinted() throws IOException {
        String good = GOOD + "state.dir=" + directory + "\nssl.keystore.pasword=hunter2";
        Outcome outcome = Outcome.of("check", "--offline", file(good).toString());
        assertThat(outcome.err())
                .contains("Did you mean ssl.keystore.password?")
                .doesNotContain("hunter2");
    }

    @Test
    void run_optionsThatMakeNoSense_areUsage() throws IOException {
        String file = file(GOOD + "state.dir=" + directory).toString();
        assertThat(Outcome.of("run", "--http", "99999", file).exitCode()).isEqualTo(ExitCode.USAGE);
        assertThat(Outcome.of("run", "--summary-json", "x", file).exitCode()).isEqualTo(ExitCode.USAGE);
    }

    @Test
    void check_everythingMissingOrWrong_isReportedAtOnce() throws IOException {
        Outcome outcome = Outcome.of(
                "check",
                "--offline",
                file("dedup.mode=on\nstate.dir=" + directory).toString());
        assertThat(outcome.err())
                .contains("4 problems")
                .contains("DEDUP-112 application.id")
                .contains("DEDUP-112 bootstrap.servers")
                .contains("DEDUP-112 dedup.routes")
                .contains("DEDUP-102 dedup.mode=on");
    }

    @Test
    void check_clusterDoesNotAnswer_isUnreachable() throws IOException {
        Path file = file(
                GOOD + "state.dir=" + directory + "\nadmin.default.api.timeout.ms=1500\nadmin.request.timeout.ms=1000");
        Outcome outcome = Outcome.of("check", file.toString());
        assertThat(outcome.exitCode()).isEqualTo(ExitCode.UNREACHABLE);
        assertThat(outcome.err()).contains("DEDUP-201 bootstrap.servers=localhost:1");
        assertThat(Outcome.of("run", file.toString()).exitCode()).isEqualTo(ExitCode.UNREACHABLE);
    }

    @Test
    void explain_configuration_showsWhatItMeansAndNoSecret() throws IOException {
        Path file = file(GOOD + "state.dir=" + directory + "\nssl.keystore.password=hunter2\ndedup.on.late=drop");
        Outcome outcome = Outcome.of("explain", file.toString());
        assertThat(outcome.exitCode()).isZero();
        assertThat(outcome.out())
                .doesNotContain("hunter2")
                .contains("ssl.keystore.password=(hidden)")
                .contains("missing-key  dead-letter to a-dead-letter")
                .contains("late         drop")
                .contains("unwritable   dead-letter to a-dead-letter")
                .contains("a-dedup-in-seen-changelog")
                .contains("t_in[(in)] --> ")
                .contains("t_out[(out)]");
    }

    @Test
    void forget_withoutControlTopic_saysWhatIsNeeded() throws IOException {
        Outcome outcome = Outcome.of(
                "forget", "--key", "k", file(GOOD + "state.dir=" + directory).toString());
        assertThat(outcome.exitCode()).isEqualTo(ExitCode.CONFIGURATION_INVALID);
        assertThat(outcome.err()).contains("DEDUP-112 dedup.control.topic");
    }

    @Test
    void size_twiceTheRate_takesTwiceAsMuch() {
        Outcome once = Outcome.of("size", "--rate", "10000", "--ttl", "1h");
        Outcome twice = Outcome.of("size", "--rate", "20000", "--ttl", "1h");
        assertThat(once.exitCode()).isZero();
        assertThat(disk(twice)).isEqualTo(2 * disk(once), within(0.2));
        assertThat(once.out())
                .containsPattern(
                        "takes [56][0-9] bytes on disk and up to 4 on the heap, or [34][0-9] on the heap with dedup.store=memory, and 4[0-9] in");
        Outcome alone = Outcome.of("size", "--rate", "10", "--ttl", "1h");
        assertThat(alone.out())
                .as("each first has a record of its own")
                .containsPattern("and 1[0-9]{2} in the changelog");
        assertThat(Outcome.of("size", "--rate", "0").exitCode()).isEqualTo(ExitCode.USAGE);
    }

    private static double disk(Outcome outcome) {
        Matcher line = Pattern.compile("disk of all instances ([0-9.]+) GB").matcher(outcome.out());
        assertThat(line.find()).as(outcome.out()).isTrue();
        return Double.parseDouble(line.group(1));
    }

    private Path file(String content) throws IOException {
        Path file = Files.createTempFile(directory, "relay", ".properties");
        Files.writeString(file, content);
        return file;
    }
}
