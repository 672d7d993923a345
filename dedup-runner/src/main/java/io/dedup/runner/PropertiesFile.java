// SPDX-License-Identifier: Apache-2.0
package io.dedup.runner;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.dedup.config.ConfigProblem;
import io.dedup.config.ConfigProblem.Code;
import java.io.IOException;
import java.io.StringReader;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A file of properties, read strictly: UTF-8 with or without a byte-order mark, keys of visible ASCII characters, each key once.
 * The syntax is that of {@link Properties}. What is wrong is a problem with its line, and never a property that is ignored.
 *
 * <p>Immutable.
 *
 * @param values by key, without white space around them
 * @param problems what is wrong with the lines
 */
record PropertiesFile(Map<String, String> values, List<ConfigProblem> problems) {
    private static final char BYTE_ORDER_MARK = '\uFEFF';
    private static final Pattern ESCAPE = Pattern.compile("\\\\(.)", Pattern.DOTALL);
    private static final int MAX_BYTES = 16 * 1024 * 1024;

    PropertiesFile {
        values = Map.copyOf(values);
        problems = List.copyOf(problems);
    }

    /**
     * Reads it.
     *
     * @throws IOException if it cannot be read, with the reason
     */
    static PropertiesFile read(Path file) throws IOException {
        Reading reading = new Reading(
                file.getFileName() == null
                        ? file.toString()
                        : file.getFileName().toString());
        String text = reading.decode(bytes(file));
        if (reading.problems.isEmpty()) {
            reading.lines(text);
        }
        return new PropertiesFile(reading.values, reading.problems);
    }

    private static byte[] bytes(Path file) throws IOException {
        String path = file.toAbsolutePath().toString();
        if (Files.isDirectory(file)) {
            throw new IOException(path + " is a directory and not a file");
        } else if (Files.exists(file) && !Files.isReadable(file)) {
            throw new IOException(path + " is there, and this user may not read it");
        }
        try {
            if (Files.size(file) > MAX_BYTES) {
                throw new IOException(path + " has more than " + MAX_BYTES + " bytes, and is no file of properties");
            }
            return Files.readAllBytes(file);
        } catch (NoSuchFileException missing) {
            throw new IOException(path + " does not exist; 'dedup init' writes one", missing);
        }
    }

    /** A line as {@link Properties} reads it, which may go over several lines of the file. Collects what is read. */
    private static final class Reading {
        private final String name;
        private final Map<String, String> values = new TreeMap<>();
        private final Map<String, Integer> linesOfKeys = new HashMap<>();
        private final List<ConfigProblem> problems = new ArrayList<>();

        Reading(String name) {
            this.name = name;
        }

        String decode(byte[] bytes) {
            CharsetDecoder decoder = UTF_8.newDecoder();
            CharBuffer text = CharBuffer.allocate(bytes.length + 1);
            ByteBuffer input = ByteBuffer.wrap(bytes);
            CoderResult result = decoder.decode(input, text, true);
            text.flip();
            int mark = bytes.length < 2 ? 0 : ((bytes[0] & 0xFF) << 8) | (bytes[1] & 0xFF);
            boolean isMarkedUtf16 = mark == 0xFEFF || mark == 0xFFFE;
            int nul = text.toString().indexOf('\0');
            if (isMarkedUtf16) {
                unreadable(1, "It begins with the byte-order mark of UTF-16");
            } else if (nul >= 0) {
                unreadable(lineAt(text, nul), "It holds the character U+0000, as text in UTF-16 or UTF-32 does");
            } else if (result.isError()) {
                unreadable(
                        lineAt(text, text.length()),
                        String.format(
                                Locale.ROOT, "The byte 0x%02X there is not UTF-8", bytes[input.position()] & 0xFF));
            }
            boolean isMarked = text.length() > 0 && text.charAt(0) == BYTE_ORDER_MARK;
            return text.toString().substring(isMarked ? 1 : 0);
        }

        private static int lineAt(CharSequence text, int end) {
            int line = 1;
            for (int i = 0; i < end; i++) {
                boolean isSecondOfTwo = text.charAt(i) == '\n' && i > 0 && text.charAt(i - 1) == '\r';
                if ((text.charAt(i) == '\n' || text.charAt(i) == '\r') && !isSecondOfTwo) {
                    line++;
                }
            }
            return line;
        }

        private void unreadable(int line, String message) {
            problems.add(new ConfigProblem(
                    Code.UNREADABLE_FILE,
                    name + ", line " + line,
                    null,
                    message,
                    "Save the file as UTF-8, with or without a byte-order mark"));
        }

        /** A line that ends with an odd number of backslashes goes on in the next; a comment does not. */
        void lines(String text) {
            StringBuilder logical = new StringBuilder();
            int line = 0;
            int startedAt = 0;
            for (String natural : text.split("\r\n|\r|\n", -1)) {
                line++;
                if (logical.length() == 0) {
                    String content = natural.replaceFirst("^[ \t\f]+", "");
                    if (content.isEmpty() || content.startsWith("#") || content.startsWith("!")) {
                        continue;
                    }
                    startedAt = line;
                }
                logical.append(natural).append('\n');
                if (!isContinued(natural)) {
                    property(startedAt, logical.toString());
                    logical.setLength(0);
                }
            }
            if (logical.length() > 0) {
                property(startedAt, logical.toString());
            }
        }

        private static boolean isContinued(String line) {
            int backslashes = 0;
            while (backslashes < line.length() && line.charAt(line.length() - 1 - backslashes) == '\\') {
                backslashes++;
            }
            return backslashes % 2 == 1;
        }

        private void property(int line, String text) {
            Matcher escapes = ESCAPE.matcher(text);
            while (escapes.find()) {
                String escaped = escapes.group(1);
                if (Character.isLetterOrDigit(escaped.charAt(0)) && !"tnrfu".contains(escaped)) {
                    problems.add(new ConfigProblem(
                            Code.UNREADABLE_FILE,
                            name + ", line " + line,
                            null,
                            "A backslash before '" + escaped + "' is no escape, and would be left out",
                            "Write a backslash as \\\\"));
                    break;
                }
            }
            Properties one = new Properties();
            try {
                one.load(new StringReader(text));
            } catch (IllegalArgumentException | IOException malformed) {
                problems.add(new ConfigProblem(
                        Code.UNREADABLE_FILE,
                        name + ", line " + line,
                        null,
                        "An escape there is not \\u and four hexadecimal digits",
                        "Write a backslash as \\\\"));
                return;
            }
            for (String key : one.stringPropertyNames()) {
                visible(line, key);
                Integer before = linesOfKeys.putIfAbsent(key, line);
                if (before == null) {
                    values.put(key, one.getProperty(key).strip());
                } else {
                    problems.add(new ConfigProblem(
                            Code.SET_TWICE,
                            key,
                            null, // It may be a secret.
                            name + " sets it in line " + before + " and in line " + line,
                            "Remove one of the two lines"));
                }
            }
        }

        /** A key that only looks like one of ours would be ignored. */
        private void visible(int line, String key) {
            if (key.isEmpty()) {
                problems.add(new ConfigProblem(
                        Code.UNREADABLE_FILE,
                        name + ", line " + line,
                        null,
                        "The line has no key before its value",
                        "Write it as KEY=VALUE, or remove it"));
            }
            key.codePoints()
                    .filter(point -> point <= ' ' || point > '~')
                    .findFirst()
                    .ifPresent(point -> problems.add(new ConfigProblem(
                            Code.UNREADABLE_FILE,
                            name + ", line " + line,
                            null,
                            String.format(
                                    Locale.ROOT,
                                    "The key there holds the character U+%04X, and no key has such: '%s'",
                                    point,
                                    key.replaceAll("[^ -~]", "?")),
                            "Write the key in visible ASCII characters")));
        }
    }
}
