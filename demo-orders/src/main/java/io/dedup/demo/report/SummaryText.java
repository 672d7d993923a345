// SPDX-License-Identifier: Apache-2.0
package io.dedup.demo.report;

import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import picocli.CommandLine.Help.Ansi;

/** A summary as a person reads it at a glance. */
public final class SummaryText {
    private SummaryText() {}

    /** The lines to print, in colours if {@code ansi} has them. */
    public static String of(Summary summary, Ansi ansi) {
        StringBuilder text = new StringBuilder();
        line(text, "records sent", summary.sent(), "for " + grouped(summary.operations()) + " operations");
        line(text, "firsts", summary.firsts(), "let through to the ledger");
        line(text, "duplicates dropped", summary.duplicates(), "kept away from it");
        line(text, "conflicts", summary.conflicts(), "a used key with another payload; dead-lettered");
        line(text, "dead-lettered", summary.deadLettered(), reasons(summary.deadLetteredByReason()));
        line(text, "ledger entries", summary.ledgerEntries(), "");
        line(text, "charged twice", summary.chargedTwice(), "");
        line(text, "lost", summary.lost(), "");
        text.append(System.lineSeparator());
        if (!summary.naiveDoubleChargeCents().isEmpty()) {
            text.append("  A naive consumer would have charged ")
                    .append(money(summary.naiveDoubleChargeCents()))
                    .append(" twice.")
                    .append(System.lineSeparator());
        }
        String seconds = String.format(Locale.ROOT, " (%.1f s)", summary.seconds());
        if (summary.isPassed()) {
            text.append(
                    ansi.string("  @|bold,green PASSED|@ The ledger equals the truth: nothing lost, nothing twice."));
        } else {
            text.append(ansi.string("  @|bold,red FAILED|@ The ledger or the counts differ from the truth."));
        }
        text.append(seconds).append(System.lineSeparator());
        summary.problems()
                .forEach(problem -> text.append("    ").append(problem).append(System.lineSeparator()));
        return text.toString();
    }

    private static void line(StringBuilder text, String what, int count, String remark) {
        text.append(String.format(Locale.ROOT, "  %-20s %,12d   %s", what, count, remark)
                        .stripTrailing())
                .append(System.lineSeparator());
    }

    private static String reasons(Map<String, Integer> byReason) {
        return new TreeMap<>(byReason)
                .entrySet().stream()
                        .map(entry -> grouped(entry.getValue()) + " " + entry.getKey())
                        .collect(Collectors.joining(", "));
    }

    private static String money(Map<String, Long> cents) {
        return new TreeMap<>(cents)
                .entrySet().stream()
                        .map(entry -> String.format(
                                Locale.ROOT,
                                "%s %,d.%02d",
                                entry.getKey(),
                                entry.getValue() / 100,
                                entry.getValue() % 100))
                        .collect(Collectors.joining(" + "));
    }

    private static String grouped(int number) {
        return String.format(Locale.ROOT, "%,d", number);
    }
}
