// SPDX-License-Identifier: Apache-2.0
package io.dedup.bench.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Everything that was measured, as tables of text. */
public final class ResultText {
    private ResultText() {}

    /**
     * The tables of what was measured.
     *
     * @param base the mode that the others are compared with, if it was run
     */
    public static String of(Results results, String base) {
        StringBuilder text = new StringBuilder();
        if (!results.modes().isEmpty()) {
            text.append(ThroughputTable.of(results, base));
        }
        if (!results.growth().isEmpty()) {
            text.append('\n').append(TextTable.of(growth(results)));
        }
        if (!results.latency().isEmpty()) {
            text.append('\n').append(TextTable.of(latency(results, base)));
        }
        if (!results.restore().isEmpty()) {
            text.append('\n').append(TextTable.of(restore(results)));
        }
        for (Failure failure : results.failures()) {
            text.append("FAILED: ")
                    .append(failure.experiment())
                    .append(" of ")
                    .append(failure.mode())
                    .append('\n');
        }
        return text.toString();
    }

    private static List<List<String>> growth(Results results) {
        List<List<String>> rows = new ArrayList<>();
        rows.add(List.of("growth: mode", "keys remembered", "records/s"));
        results.growth()
                .forEach(growth -> rows.add(
                        List.of(growth.mode(), whole(growth.keys()), whole(Math.round(growth.recordsPerSecond())))));
        return rows;
    }

    private static List<List<String>> latency(Results results, String base) {
        double plain = results.latency().stream()
                .filter(latency -> latency.mode().equals(base))
                .mapToDouble(Latency::p99Ms)
                .findFirst()
                .orElse(Double.NaN);
        List<List<String>> rows = new ArrayList<>();
        rows.add(List.of(
                "latency: mode",
                "records/s",
                "p50 ms",
                "p90 ms",
                "p99 ms",
                "p99.9 ms",
                "max ms",
                "p99 over " + base,
                "late sends"));
        for (Latency latency : results.latency()) {
            rows.add(List.of(
                    latency.mode(),
                    whole(Math.round(latency.recordsPerSecond())),
                    tenths(latency.p50Ms()),
                    tenths(latency.p90Ms()),
                    tenths(latency.p99Ms()),
                    tenths(latency.p999Ms()),
                    tenths(latency.maxMs()),
                    Double.isNaN(plain) ? "" : tenths(latency.p99Ms() - plain),
                    whole(latency.lateSends())));
        }
        return rows;
    }

    private static List<List<String>> restore(Results results) {
        List<List<String>> rows = new ArrayList<>();
        rows.add(List.of("restore: mode", "keys", "records", "restoring s", "running after s", "keys/s"));
        results.restore()
                .forEach(restore -> rows.add(List.of(
                        restore.mode(),
                        whole(restore.keys()),
                        whole(restore.restoredRecords()),
                        tenths(restore.restoreSeconds()),
                        tenths(restore.readySeconds()),
                        whole(Math.round(restore.keysPerSecond())))));
        return rows;
    }

    private static String whole(long value) {
        return String.format(Locale.ROOT, "%,d", value);
    }

    private static String tenths(double value) {
        return String.format(Locale.ROOT, "%.1f", value);
    }
}
