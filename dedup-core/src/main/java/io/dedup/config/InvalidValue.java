// SPDX-License-Identifier: Apache-2.0
package io.dedup.config;

import io.dedup.config.ConfigProblem.Code;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.ConfigValue;

/** Describes what is wrong with a value, in which unit it is to be written, and what it is in that unit. */
public final class InvalidValue {
    private static final Pattern AMOUNT = Pattern.compile("([0-9][0-9_,' ]{0,17}) *([a-zA-Z]*)");
    private static final Map<String, Long> MILLISECONDS =
            Map.of("", 1L, "ms", 1L, "s", 1_000L, "m", 60_000L, "min", 60_000L, "h", 3_600_000L, "d", 86_400_000L);
    private static final Map<String, Long> BYTES = Map.ofEntries(
            Map.entry("", 1L),
            Map.entry("b", 1L),
            Map.entry("k", 1L << 10),
            Map.entry("kb", 1_000L),
            Map.entry("kib", 1L << 10),
            Map.entry("m", 1L << 20),
            Map.entry("mb", 1_000_000L),
            Map.entry("mib", 1L << 20),
            Map.entry("g", 1L << 30),
            Map.entry("gb", 1_000_000_000L),
            Map.entry("gib", 1L << 30));

    private InvalidValue() {}

    /**
     * The problem with a value that a definition refuses.
     *
     * @param value with at least one error
     * @param type of the key
     * @param text as it is written; a secret is left out of the problem by the caller
     * @param shown the same as it may be printed
     * @param allowed what the key takes, as a sentence
     */
    public static ConfigProblem of(ConfigValue value, ConfigDef.Type type, String text, String shown, String allowed) {
        boolean isNumber = type == ConfigDef.Type.INT
                || type == ConfigDef.Type.LONG
                || type == ConfigDef.Type.SHORT
                || type == ConfigDef.Type.DOUBLE;
        if (!isNumber || value.value() != null) {
            return new ConfigProblem(
                    Code.INVALID_VALUE, value.name(), shown, String.join("; ", value.errorMessages()), allowed);
        }
        // What could not be read is validated as null, which says nothing.
        String name = value.name();
        String unit = name.endsWith(".ms") ? " of milliseconds" : name.endsWith(".bytes") ? " of bytes" : "";
        String kind = type == ConfigDef.Type.DOUBLE ? "a number" : "a whole number";
        String meant = meant(name, text)
                .map(number -> "Write " + name + "=" + number + ". ")
                .orElse("");
        return new ConfigProblem(
                Code.INVALID_VALUE, name, shown, "This is not " + kind + unit + ", without a unit", meant + allowed);
    }

    /** What an amount with a unit is in that of the key. */
    static Optional<String> meant(String name, String text) {
        Map<String, Long> units =
                name.endsWith(".ms") ? MILLISECONDS : name.endsWith(".bytes") ? BYTES : Map.of("", 1L);
        Matcher amount = AMOUNT.matcher(text.strip());
        if (!amount.matches()) {
            return Optional.empty();
        }
        Long factor = units.get(amount.group(2).toLowerCase(Locale.ROOT));
        if (factor == null) {
            return Optional.empty();
        }
        try {
            long number = Long.parseLong(amount.group(1).replaceAll("[_,' ]", ""));
            return Optional.of(Long.toString(Math.multiplyExact(number, factor)));
        } catch (ArithmeticException | NumberFormatException tooLong) {
            return Optional.empty();
        }
    }
}
