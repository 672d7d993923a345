// SPDX-License-Identifier: Apache-2.0
package io.dedup.config;

import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Topics that are deduplicated together, and the topic that gets what is let through.
 *
 * <p>Sources of one route share what is remembered: a key that was seen on one of them is a duplicate on the others.
 *
 * @param sources at least one; the first names the operator, and with it what is remembered. Others may be patterns
 */
public record Route(List<String> sources, String target) {
    public Route {
        sources = List.copyOf(sources);
        if (sources.isEmpty()) {
            throw new IllegalArgumentException("sources must not be empty: " + sources);
        }
    }

    /** The name under which keys are remembered: that of the first source, so that a source can be added behind it. */
    public String name() {
        return sources.get(0);
    }

    /** Whether a source stands for every topic of its form, as {@code *.orders} does. */
    public static boolean isPattern(String source) {
        return source.contains("*");
    }

    /** Whether that topic is one of the sources, or of the form of one. */
    public boolean reads(String topic) {
        return sources.stream().anyMatch(source -> source.equals(topic) || (isPattern(source) && fits(source, topic)));
    }

    private static boolean fits(String pattern, String topic) {
        String regex =
                Arrays.stream(pattern.split("\\*", -1)).map(Pattern::quote).collect(Collectors.joining(".*"));
        return topic.matches(regex);
    }

    /** The sources as they are written. */
    public String from() {
        return String.join("+", sources);
    }

    @Override
    public String toString() {
        return from() + "->" + target;
    }
}
