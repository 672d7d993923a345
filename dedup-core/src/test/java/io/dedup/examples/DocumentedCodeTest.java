// SPDX-License-Identifier: Apache-2.0
package io.dedup.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Code on documentation pages is code that was run: every block is found in the test that is named above it. */
class DocumentedCodeTest {
    private static final Pattern BLOCK =
            Pattern.compile("<!-- run by (\\S+) -->\\s*```java\\n(.*?)```", Pattern.DOTALL);

    private static final Pattern VERSION = Pattern.compile(
            "<groupId>io.dedup</groupId>\\s*<artifactId>[^<]*</artifactId>\\s*<version>([^<]*)</version>");

    @Test
    void patterns_everyBlockOfCode_isInItsTest() throws IOException {
        Path root = Path.of("..");
        String page = Files.readString(root.resolve("docs/patterns.md"));
        List<MatchResult> blocks = BLOCK.matcher(page).results().toList();
        assertThat(blocks).hasSize(4);
        assertThat(page.split("```java", -1)).as("no block without its test").hasSize(5);
        List<String> missing = new ArrayList<>();
        for (MatchResult block : blocks) {
            String test = normalized(Files.readString(root.resolve(block.group(1))));
            if (!test.contains(normalized(block.group(2)))) {
                missing.add(block.group(2));
            }
        }
        assertThat(missing).isEmpty();
    }

    /** {@code .ci/set-version} changes them together. */
    @Test
    void versions_shownToUsers_areTheProjects() throws IOException {
        Path root = Path.of("..");
        String version = versions(root.resolve("pom.xml")).get(0);
        List<Path> shown = new ArrayList<>(List.of(root.resolve("README.md")));
        try (Stream<Path> examples = Files.list(root.resolve("examples"))) {
            examples.map(example -> example.resolve("pom.xml"))
                    .filter(pom -> Files.exists(pom) && !pom.toString().contains("target"))
                    .forEach(shown::add);
        }
        assertThat(shown)
                .hasSize(4)
                .allSatisfy(
                        file -> assertThat(versions(file)).as(file.toString()).contains(version));
    }

    /** Those of artifacts of this project, its own first. */
    private static List<String> versions(Path file) throws IOException {
        return VERSION.matcher(Files.readString(file))
                .results()
                .map(found -> found.group(1))
                .toList();
    }

    private static String normalized(String code) {
        return code.replaceAll("\\s+", " ").strip();
    }
}
