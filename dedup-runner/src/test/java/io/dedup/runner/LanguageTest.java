// SPDX-License-Identifier: Apache-2.0
package io.dedup.runner;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Sources and docs speak of components, and not of implied persons. */
class LanguageTest {
    private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
    private static final Pattern FORBIDDEN = Pattern.compile(
            "\\b(nobody|somebody|anybody|whoever|whatever|anew|is told|are told|what becomes of)\\b",
            Pattern.CASE_INSENSITIVE);
    /** Each is meant: the name of a caller in the demo, and an address of example.org. */
    private static final int ALLOWED = 5;

    @Test
    void mainSourcesAndDocs_haveFewWordsForImpliedPersons() throws IOException {
        List<String> found = new ArrayList<>();
        List<Path> files = files();
        for (Path file : files) {
            List<String> lines = Files.readAllLines(file);
            for (int i = 0; i < lines.size(); i++) {
                // The name of a test in a table is no sentence.
                String text = lines.get(i).replaceAll("`[^`]*_[^`]*`", "");
                if (FORBIDDEN.matcher(text).find()) {
                    found.add(ROOT.relativize(file) + ":" + (i + 1) + ": "
                            + lines.get(i).strip());
                }
            }
        }
        assertThat(files).as("files that were read").hasSizeGreaterThan(300);
        assertThat(found).as("lines with a word of %s", FORBIDDEN).hasSizeLessThanOrEqualTo(ALLOWED);
    }

    private static List<Path> files() throws IOException {
        List<Path> files = new ArrayList<>();
        try (Stream<Path> all = Files.walk(ROOT)) {
            all.filter(Files::isRegularFile)
                    .filter(file -> isMainSource(ROOT.relativize(file)) || isDocumentation(ROOT.relativize(file)))
                    .sorted()
                    .forEach(files::add);
        }
        return files;
    }

    private static boolean isMainSource(Path file) {
        String path = file.toString().replace('\\', '/');
        return path.endsWith(".java") && path.contains("/src/main/java/") && !path.contains("/target/");
    }

    private static boolean isDocumentation(Path file) {
        String path = file.toString().replace('\\', '/');
        return path.endsWith(".md")
                && (path.startsWith("docs/") || !path.contains("/"))
                && !path.equals("CHANGELOG.md");
    }
}
