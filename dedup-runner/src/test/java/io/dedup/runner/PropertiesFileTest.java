// SPDX-License-Identifier: Apache-2.0
package io.dedup.runner;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_16BE;
import static java.nio.charset.StandardCharsets.UTF_16LE;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.dedup.config.ConfigProblem.Code;
import java.io.IOException;
import java.io.StringReader;
import java.nio.charset.Charset;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Properties;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class PropertiesFileTest {
    @TempDir
    Path directory;

    @ParameterizedTest
    @ValueSource(strings = {"", "\uFEFF"})
    void read_utf8WithAndWithoutAMark_isTheSame(String mark) throws IOException {
        // When
        PropertiesFile read = PropertiesFile.read(file(mark + "dedup.key=header:schlüssel\r\ndedup.mode=off", UTF_8));
        // Then
        assertThat(read.problems()).isEmpty();
        assertThat(read.values())
                .containsExactlyInAnyOrderEntriesOf(Map.of("dedup.key", "header:schlüssel", "dedup.mode", "off"));
    }

    static Stream<Arguments> unreadable() {
        return Stream.of(
                arguments("a=1\nb=ä", ISO_8859_1, 2, "0xE4"),
                arguments("a=1\r\n\r\nb=ä\r\n", ISO_8859_1, 3, "0xE4"),
                arguments("\uFEFFa=1", UTF_16LE, 1, "UTF-16"),
                arguments("\uFEFFa=1", UTF_16BE, 1, "UTF-16"),
                arguments("a=1\nb=2", UTF_16LE, 1, "U+0000"),
                arguments("a=1\nb=2", UTF_16BE, 1, "U+0000"),
                arguments("a=1\n\n# two files\n\uFEFFb=2", UTF_8, 4, "U+FEFF"),
                arguments("a=1\ndedup.\u200Bkey=x", UTF_8, 2, "U+200B"),
                arguments("a=1\nd\u0435dup.key=x", UTF_8, 2, "U+0435"),
                arguments("a=1\n\u00A0dedup.key=x", UTF_8, 2, "U+00A0"),
                arguments("a=1\n=2", UTF_8, 2, "no key"),
                arguments("a=\\\n1\nb=C:\\user", UTF_8, 3, "four hexadecimal digits"));
    }

    @ParameterizedTest
    @MethodSource("unreadable")
    void read_whatWouldBeIgnored_isAProblemWithItsLine(String text, Charset charset, int line, String why)
            throws IOException {
        // When
        PropertiesFile read = PropertiesFile.read(file(text, charset));
        // Then
        assertThat(read.problems()).singleElement().satisfies(problem -> {
            assertThat(problem.code()).isEqualTo(Code.UNREADABLE_FILE);
            assertThat(problem.toString())
                    .contains("relay.properties, line " + line + ": ")
                    .contains(why);
        });
    }

    @Test
    void read_keyTwice_namesBothLines() throws IOException {
        // When
        PropertiesFile read =
                PropertiesFile.read(file("dedup.ttl.ms=1\n#dedup.ttl.ms=2\n\na=\\\n b\ndedup.ttl.ms : 1\na=c", UTF_8));
        // Then
        assertThat(read.problems())
                .extracting(Object::toString)
                .containsExactly(
                        "DEDUP-123 dedup.ttl.ms: relay.properties sets it in line 1 and in line 6. Remove one of the two"
                                + " lines.",
                        "DEDUP-123 a: relay.properties sets it in line 4 and in line 7. Remove one of the two lines.");
    }

    @Test
    void read_noFile_saysWhichOfTheThreeItIs() throws IOException {
        Path locked = file("a=1", UTF_8);
        assertThatIOException()
                .isThrownBy(() -> PropertiesFile.read(directory.resolve("none")))
                .withMessageContaining("none does not exist; 'dedup init' writes one");
        assertThatIOException()
                .isThrownBy(() -> PropertiesFile.read(directory))
                .withMessage(directory.toAbsolutePath() + " is a directory and not a file");
        // The superuser may read it all the same.
        if (locked.toFile().setReadable(false) && !Files.isReadable(locked)) {
            assertThatIOException()
                    .isThrownBy(() -> PropertiesFile.read(locked))
                    .withMessageContaining("this user may not read it");
        }
    }

    /** Lines are cut here, and read by {@link Properties}: together they have to be what it reads of the whole. */
    @Test
    void read_anyText_isWhatPropertiesReads() throws IOException {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        String[] parts = {
            "a", "b", "=", ":", " ", "\t", "\\", "\\\\", "\n", "\r", "\r\n", "#", "!", "\f", "\\u0041", "x"
        };
        for (int i = 0; i < 5_000; i++) {
            StringBuilder text = new StringBuilder();
            for (int length = random.nextInt(30); length > 0; length--) {
                text.append(parts[random.nextInt(parts.length)]);
            }
            Properties expected = new Properties();
            expected.load(new StringReader(text.toString()));
            Map<String, String> values = new HashMap<>();
            expected.stringPropertyNames()
                    .forEach(key -> values.put(key, expected.getProperty(key).strip()));
            PropertiesFile read = PropertiesFile.read(file(text.toString(), UTF_8));
            boolean isTwice = read.problems().stream().anyMatch(problem -> problem.code() == Code.SET_TWICE);
            // A backslash, a line break and blanks at the end are a property without a key or nothing.
            values.remove("");
            assertThat(read.values().keySet().stream().filter(key -> !key.isEmpty()))
                    .as("seed %d, text %s", seed, text)
                    .containsExactlyInAnyOrderElementsOf(values.keySet());
            if (!isTwice) {
                assertThat(read.values()).as("seed %d, text %s", seed, text).containsAllEntriesOf(values);
            }
        }
    }

    private Path file(String content, Charset charset) throws IOException {
        Path file = directory.resolve("relay.properties");
        Files.writeString(file, content, charset);
        return file;
    }
}
