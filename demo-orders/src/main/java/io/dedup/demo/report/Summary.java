// SPDX-License-Identifier: Apache-2.0
package io.dedup.demo.report;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import io.dedup.Verdict;
import io.dedup.demo.traffic.Traffic;
import io.dedup.demo.traffic.Truth;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * What a run came to, held against the truth.
 *
 * @param operations how many operations there were
 * @param sent records sent
 * @param firsts records let through
 * @param duplicates records kept from the ledger because their operation had been let through
 * @param conflicts records with a used key and another payload
 * @param missingKey records without a usable key
 * @param late records too old for a verdict
 * @param future records from the future
 * @param deadLettered records on the dead-letter topic
 * @param deadLetteredByReason the same by reason
 * @param ledgerEntries entries in the ledger
 * @param chargedTwice entries that should not be there
 * @param lost entries that should be there and are not
 * @param naiveDoubleChargeCents by currency, what a consumer without deduplication would have charged once more
 * @param seconds from start to end
 * @param problems what does not agree, in words; empty if everything does
 */
public record Summary(
        int operations,
        int sent,
        int firsts,
        int duplicates,
        int conflicts,
        int missingKey,
        int late,
        int future,
        int deadLettered,
        Map<String, Integer> deadLetteredByReason,
        int ledgerEntries,
        int chargedTwice,
        int lost,
        Map<String, Long> naiveDoubleChargeCents,
        double seconds,
        List<String> problems) {

    /**
     * Holds an outcome against the truth.
     *
     * @param seconds how long the run took
     */
    public static Summary of(Traffic traffic, Outcome outcome, double seconds) {
        int chargedTwice = surplus(outcome.ledger(), traffic.truth().ledger());
        int lost = surplus(traffic.truth().ledger(), outcome.ledger());
        return new Summary(
                traffic.operations(),
                traffic.sendings().size(),
                outcome.firsts(),
                outcome.duplicates(),
                outcome.deadLetters(Verdict.CONFLICT.text()),
                outcome.deadLetters(Verdict.MISSING_KEY.text()),
                outcome.deadLetters(Verdict.LATE.text()),
                outcome.deadLetters(Verdict.FUTURE.text()),
                outcome.deadLetters(),
                Map.copyOf(outcome.deadLettersByReason()),
                outcome.ledgerEntries(),
                chargedTwice,
                lost,
                Map.copyOf(outcome.doubleChargeCents()),
                Math.round(seconds * 10) / 10.0,
                problems(traffic, outcome, chargedTwice, lost));
    }

    /** By how much the counts of one are above those of the other. */
    private static int surplus(Map<Truth.Entry, Integer> one, Map<Truth.Entry, Integer> other) {
        return one.entrySet().stream()
                .mapToInt(entry -> Math.max(0, entry.getValue() - other.getOrDefault(entry.getKey(), 0)))
                .sum();
    }

    private static List<String> problems(Traffic traffic, Outcome outcome, int chargedTwice, int lost) {
        List<String> problems = new ArrayList<>();
        Truth truth = traffic.truth();
        requireEqual(problems, "charged twice", 0, chargedTwice);
        requireEqual(problems, "lost", 0, lost);
        requireEqual(problems, "ledger entries", truth.entries(), outcome.ledgerEntries());
        requireEqual(
                problems,
                "firsts, duplicates and dead letters together",
                traffic.sendings().size(),
                outcome.firsts() + outcome.duplicates() + outcome.deadLetters());
        requireEqual(problems, "firsts", truth.count(Verdict.FIRST), outcome.firsts());
        for (Verdict verdict : List.of(Verdict.MISSING_KEY, Verdict.FUTURE)) {
            requireEqual(problems, verdict.text(), truth.count(verdict), outcome.deadLetters(verdict.text()));
        }
        // Whether a store still knows the first of a late record is its own affair: either way it is kept away.
        requireEqual(
                problems,
                "duplicates, conflicts and late together",
                truth.count(Verdict.DUPLICATE) + truth.count(Verdict.CONFLICT) + truth.count(Verdict.LATE),
                outcome.duplicates()
                        + outcome.deadLetters(Verdict.CONFLICT.text())
                        + outcome.deadLetters(Verdict.LATE.text()));
        return problems;
    }

    private static void requireEqual(List<String> problems, String what, int expected, int actual) {
        if (expected != actual) {
            problems.add(what + ": should be " + expected + ", and is " + actual);
        }
    }

    /** Whether the ledger equals the truth and every count agrees. */
    public boolean isPassed() {
        return problems.isEmpty();
    }

    /**
     * Writes this as one JSON object.
     *
     * @throws IOException if the file cannot be written
     */
    public void write(Path file) throws IOException {
        new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT).writeValue(file.toFile(), this);
    }
}
