// SPDX-License-Identifier: Apache-2.0
package io.dedup.runner;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The repair in docs/operations.md is one that was done: its commands are run, and say what the page says. */
class OperationsDocTest {
    private static final Path PAGE = Path.of("..", "docs", "operations.md");
    private static final Pattern BLOCK = Pattern.compile("(?s)```console\n(.*?)```");
    private static final Pattern WORD = Pattern.compile("'([^']*)'|(\\S+)");
    private static final Pattern TOKEN_OPTION = Pattern.compile("--token \\d+");
    private static final Duration HALF_A_MINUTE = Duration.ofSeconds(30);

    /** Run with {@code -Ddocs.update=true} to write the transcript anew. */
    @Test
    void transcript_commandsRun_sayWhatThePageSays() throws Exception {
        // Given
        String page = Files.readString(PAGE);
        try (OperationsFixture fixture = filled()) {
            // When
            String actual = BLOCK.matcher(page)
                    .replaceAll(block -> Matcher.quoteReplacement("```console\n" + run(fixture, block) + "```"));
            if (Boolean.getBoolean("docs.update")) {
                Files.writeString(PAGE, actual);
            }
            // Then
            assertThat(BLOCK.matcher(page).results()).hasSize(2);
            assertThat(timeless(actual))
                    .as("stale; write it anew with -Ddocs.update=true")
                    .isEqualTo(timeless(Files.readString(PAGE)));
        }
    }

    /** Half a minute past the minute, so that the test has the rest of it. */
    private static OperationsFixture filled() throws SQLException {
        OperationsFixture fixture = new OperationsFixture();
        fixture.unknown(
                OperationsFixture.key("payments", "o-7"),
                Duration.ofMinutes(130).plus(HALF_A_MINUTE));
        fixture.stuck(
                OperationsFixture.key("payments", "o-9"),
                Duration.ofMinutes(65).plus(HALF_A_MINUTE),
                Duration.ofMinutes(60).plus(HALF_A_MINUTE));
        fixture.claimed(
                OperationsFixture.key("payments", "o-12"),
                Duration.ofMinutes(61).plus(HALF_A_MINUTE));
        fixture.succeeded(OperationsFixture.key("payments", "o-3"), Duration.ofDays(1), "{\"charge\":\"ch_77\"}");
        return fixture;
    }

    private static String run(OperationsFixture fixture, MatchResult block) {
        StringBuilder transcript = new StringBuilder();
        block.group(1).lines().filter(line -> line.startsWith("$ ")).forEach(line -> {
            long token = fixture.store()
                    .operations()
                    .find(OperationsFixture.key("payments", "o-7"))
                    .orElseThrow()
                    .token();
            String command = TOKEN_OPTION.matcher(line).replaceAll("--token " + token);
            List<String> words = words(command.substring("$ dedup operations ".length()));
            Outcome outcome = fixture.dedup(words.toArray(String[]::new));
            assertThat(outcome.exitCode()).as(outcome.err()).isZero();
            transcript
                    .append(command)
                    .append('\n')
                    .append(outcome.out().replace(StoreOptions.shown(fixture.url()), "jdbc:postgresql://db/payments"))
                    .append('\n');
        });
        return transcript.toString().strip() + "\n";
    }

    private static List<String> words(String command) {
        List<String> words = new ArrayList<>();
        Matcher word = WORD.matcher(command);
        while (word.find()) {
            words.add(word.group(1) == null ? word.group(2) : word.group(1));
        }
        return words;
    }

    private static String timeless(String text) {
        return text.replaceAll("\\b\\d{13}\\b", "(token)")
                .replaceAll("\\d{4}-\\d\\d-\\d\\dT[0-9:.]+Z", "(time)")
                .replaceAll("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "(owner)");
    }
}
