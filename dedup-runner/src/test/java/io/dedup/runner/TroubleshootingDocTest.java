// SPDX-License-Identifier: Apache-2.0
package io.dedup.runner;

import static org.assertj.core.api.Assertions.assertThat;

import io.dedup.MissingKey;
import io.dedup.config.ConfigProblem.Code;
import io.dedup.config.DedupConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The page that leads from symptoms to fixes has all of them, and names what there is. */
class TroubleshootingDocTest {
    private static final Path PAGE = Path.of("../docs/troubleshooting.md");
    private static final Pattern COMMAND = Pattern.compile("`dedup ([a-z]+)");
    private static final Pattern OPTION = Pattern.compile("(--[a-z-]+)");
    private static final Pattern SETTING = Pattern.compile("`(dedup\\.[a-z.]+[a-z])(?:=[^`]*)?`");
    private static final Pattern LINK = Pattern.compile("\\]\\(([a-z]+\\.md)(?:#([a-z0-9-]+))?\\)");

    @Test
    void page_everyCodeAndReason_isThere() throws IOException {
        String page = Files.readString(PAGE);
        assertThat(Arrays.stream(Code.values()))
                .allSatisfy(code -> assertThat(page).contains("`" + code + "`"));
        assertThat(Arrays.stream(MissingKey.Reason.values()))
                .allSatisfy(reason -> assertThat(page).contains("`missing-key:" + reason.text() + "`"));
    }

    @Test
    void page_commandsAndOptions_exist() throws IOException {
        List<String> lines = Files.readAllLines(PAGE);
        List<MatchResult> commands =
                lines.stream().flatMap(line -> COMMAND.matcher(line).results()).toList();
        assertThat(commands).isNotEmpty();
        for (MatchResult command : commands) {
            assertThat(Outcome.of(command.group(1), "--help").exitCode())
                    .as(command.group())
                    .isZero();
        }
        List<String> spans = lines.stream()
                .flatMap(line -> Pattern.compile("`dedup [^`]+`").matcher(line).results())
                .map(MatchResult::group)
                .toList();
        for (String span : spans) {
            String command =
                    COMMAND.matcher(span).results().findFirst().orElseThrow().group(1);
            OPTION.matcher(span)
                    .results()
                    .forEach(option -> assertThat(Outcome.of(command, "--help").out())
                            .as(span)
                            .contains(option.group(1)));
        }
    }

    @Test
    void page_settings_exist() throws IOException {
        String page = Files.readString(PAGE);
        assertThat(SETTING.matcher(page).results().map(setting -> setting.group(1)))
                .isNotEmpty()
                .allSatisfy(
                        setting -> assertThat(DedupConfig.definition().names()).contains(setting));
    }

    @Test
    void page_links_leadToHeadings() throws IOException {
        List<MatchResult> links = LINK.matcher(Files.readString(PAGE)).results().toList();
        assertThat(links).isNotEmpty();
        for (MatchResult link : links) {
            Path target = PAGE.resolveSibling(link.group(1));
            assertThat(target).exists();
            if (link.group(2) != null) {
                try (Stream<String> lines = Files.lines(target)) {
                    assertThat(lines.filter(line -> line.startsWith("#")).map(TroubleshootingDocTest::anchor))
                            .as(link.group())
                            .contains(link.group(2));
                }
            }
        }
    }

    private static String anchor(String heading) {
        return heading.replaceFirst("^#+ ", "")
                .toLowerCase(java.util.Locale.ROOT)
                .replaceAll("[^a-z0-9 -]", "")
                .replace(' ', '-');
    }
}
