// SPDX-License-Identifier: Apache-2.0
package io.dedup.internal;

import java.util.Arrays;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Puts sentences of different origin together, so that each ends with one mark and stands on the same line. */
public final class Sentences {
    private static final String MARKS = ".?!…";
    /** A full stop behind another mark, but for the third of three. */
    private static final Pattern DOUBLED = Pattern.compile("([?!…]|(?<!\\.)\\.)\\.$");

    private Sentences() {}

    /**
     * These sentences one after another. One that has no mark at its end gets a full stop, line breaks become blanks, and one that is
     * blank is left out.
     */
    public static String of(String... sentences) {
        return Arrays.stream(sentences)
                .map(sentence -> sentence.strip().replaceAll("\\s*\\R\\s*", " "))
                .filter(sentence -> !sentence.isEmpty())
                .map(Sentences::ended)
                .collect(Collectors.joining(" "));
    }

    private static String ended(String sentence) {
        String bare = sentence;
        while (DOUBLED.matcher(bare).find()) {
            bare = bare.substring(0, bare.length() - 1);
        }
        return MARKS.indexOf(bare.charAt(bare.length() - 1)) >= 0 ? bare : bare + ".";
    }
}
