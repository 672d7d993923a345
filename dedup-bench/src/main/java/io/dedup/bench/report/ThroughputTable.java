// SPDX-License-Identifier: Apache-2.0
package io.dedup.bench.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Throughput and space of every mode, as a table of text. */
public final class ThroughputTable {
    private ThroughputTable() {}

    /**
     * The table.
     *
     * @param base the mode that the others are compared with, if it was run
     */
    public static String of(Results results, String base) {
        List<List<String>> rows = new ArrayList<>();
        rows.add(List.of(
                "mode",
                "records",
                "records/s",
                "min - max",
                "of " + base,
                "min - max",
                "CPU µs/record",
                "heap B/key",
                "disk B/key",
                "changelog B/key",
                "answer"));
        for (String mode : results.modes()) {
            rows.add(row(results, mode, base));
        }
        return TextTable.of(rows);
    }

    private static List<String> row(Results results, String mode, String base) {
        List<Measurement> runs = results.of(mode);
        Measurement first = runs.get(0);
        Spread throughput = results.throughput(mode);
        List<Double> ratios = results.ratios(mode, base);
        List<String> row = new ArrayList<>(List.of(
                mode,
                number(first.records()),
                number(throughput.median()),
                number(throughput.min()) + " - " + number(throughput.max())));
        if (ratios.isEmpty() || mode.equals(base)) {
            row.addAll(List.of("", ""));
        } else {
            Spread spread = Spread.of(ratios);
            row.add(percent(spread.median()));
            row.add(percent(spread.min()) + " - " + percent(spread.max()));
        }
        Spread cpu = Spread.of(
                runs.stream().map(run -> run.cpuSeconds() * 1e6 / run.records()).toList());
        row.add(String.format(Locale.ROOT, "%.1f", cpu.median()));
        row.add(results.heapBytesPerKey(mode, base).stream()
                .mapToObj(ThroughputTable::number)
                .findFirst()
                .orElse(""));
        row.add(perKey(runs.stream()
                .map(run -> (double) run.stateBytes() / run.distinctKeys())
                .toList()));
        row.add(perKey(runs.stream()
                .map(run -> (double) run.changelogBytes() / run.distinctKeys())
                .toList()));
        row.add(answer(runs));
        return row;
    }

    private static String perKey(List<Double> values) {
        return number(Spread.of(values).median());
    }

    /** What has to be said about what was let through. */
    private static String answer(List<Measurement> runs) {
        Measurement worst = runs.get(0);
        for (Measurement run : runs) {
            worst = Math.abs(difference(run)) > Math.abs(difference(worst)) ? run : worst;
        }
        long difference = difference(worst);
        if (difference == 0) {
            return "right";
        }
        String what = difference > 0 ? number(difference) + " let through too many" : number(-difference) + " lost";
        return worst.isRight() ? what : "WRONG: " + what;
    }

    private static long difference(Measurement run) {
        return run.outputRecords() - run.expectedRecords();
    }

    private static String number(double value) {
        return number(Math.round(value));
    }

    private static String number(long value) {
        return String.format(Locale.ROOT, "%,d", value);
    }

    private static String percent(double ratio) {
        return String.format(Locale.ROOT, "%.1f %%", ratio * 100);
    }
}
