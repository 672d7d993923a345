// SPDX-License-Identifier: Apache-2.0
package io.dedup.runner;

import io.dedup.DedupPolicy;
import io.dedup.streams.internal.store.SeenStores;
import io.dedup.streams.store.StorageEstimate;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Says how much is kept, from what a key was measured to take. */
@Command(
        name = "size",
        mixinStandardHelpOptions = true,
        description = {
            "Says how much disk, heap and changelog it takes.",
            "Says how much disk, heap and changelog a rate of operations takes. Remembers a sample of keys in the "
                    + "engines and measures what one takes. With dedup.store=rocksdb, 128 MB of each process come on top, "
                    + "and at first 3 MB of heap for the filter of each partition."
        })
final class SizeCommand implements Callable<Integer> {
    private static final int SAMPLE = 100_000;
    /** Kafka keeps a changelog a day longer than the store. */
    private static final Duration A_DAY = Duration.ofDays(1);

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private CommandSpec spec;

    @Option(
            names = "--rate",
            required = true,
            paramLabel = "N",
            description = "Operations per second, over all partitions.")
    private double rate;

    @Option(
            names = "--ttl",
            paramLabel = "DURATION",
            defaultValue = "24h",
            converter = DurationConverter.class,
            description = "How long a key is remembered. Default: ${DEFAULT-VALUE}.")
    private Duration ttl = Duration.ZERO;

    @Option(
            names = "--key-bytes",
            paramLabel = "N",
            defaultValue = "36",
            description = "Bytes of a key. Default: ${DEFAULT-VALUE}.")
    private int keyBytes;

    @Option(
            names = "--partitions",
            paramLabel = "N",
            defaultValue = "12",
            description = "Partitions that the rate is spread over. Default: ${DEFAULT-VALUE}.")
    private int partitions;

    @Option(
            names = "--commit-interval",
            paramLabel = "DURATION",
            defaultValue = "100ms",
            converter = DurationConverter.class,
            description = "As the application has it: what is remembered between two commits of a partition shares "
                    + "records of the changelog. Default: ${DEFAULT-VALUE}, as under exactly_once_v2.")
    private Duration commitInterval = Duration.ZERO;

    @Option(
            names = "--replication",
            paramLabel = "N",
            defaultValue = "3",
            description = "Copies of the changelog. Default: ${DEFAULT-VALUE}.")
    private int replication;

    @Option(
            names = "--restore-mb-per-second",
            paramLabel = "N",
            defaultValue = "30",
            description = "How fast one instance reads a changelog back; measure yours. Default: ${DEFAULT-VALUE}.")
    private double restore;

    @Override
    public Integer call() {
        if (rate <= 0 || keyBytes < 4 || partitions < 1 || replication < 1 || restore <= 0) {
            throw new ParameterException(
                    spec.commandLine(),
                    "--rate, --partitions, --replication and --restore-mb-per-second are positive, --key-bytes at"
                            + " least 4");
        }
        DedupPolicy policy = DedupPolicy.of(ttl);
        double commitEvery = rate / partitions * commitInterval.toMillis() / 1000;
        StorageEstimate footprint = StorageEstimate.measure(policy, SAMPLE, keyBytes, commitEvery);
        double disk = footprint.disk();
        double changelog = footprint.changelog();
        double kept = rate * SeenStores.held(policy).toSeconds();
        double inChangelog = rate * SeenStores.retention(policy).plus(A_DAY).toSeconds();
        PrintWriter out = spec.commandLine().getOut();
        out.printf(
                Locale.ROOT,
                "A key of %d bytes takes %.0f bytes on disk and up to %.0f on the heap, or %.0f on the heap with"
                        + " dedup.store=memory, and %.0f in the changelog (measured, %,d keys).%n",
                keyBytes,
                disk,
                footprint.filters(),
                footprint.memory(),
                changelog,
                SAMPLE);
        out.printf(Locale.ROOT, "%n%,.0f operations a second, remembered for %s:%n", rate, ttl);
        out.printf(
                Locale.ROOT,
                "  keys kept             %,.0f  for %s, the TTL, the lateness and what buckets need%n",
                kept,
                SeenStores.held(policy));
        out.printf(
                Locale.ROOT,
                "  disk of all instances %s, and up to %s of heap for filters%n",
                bytes(kept * disk),
                bytes(kept * footprint.filters()));
        out.printf(
                Locale.ROOT, "  or heap of all        %s  with dedup.store=memory%n", bytes(kept * footprint.memory()));
        out.printf(
                Locale.ROOT,
                "  changelog             %s, %s on %d brokers' disks%n",
                bytes(inChangelog * changelog),
                bytes(inChangelog * changelog * replication),
                replication);
        out.printf(Locale.ROOT, "  written to it         %s a second%n", bytes(rate * changelog));
        out.printf(
                Locale.ROOT,
                "  a full restore takes  %s at %.0f MB/s on one instance%n",
                Duration.ofSeconds(Math.round(inChangelog * changelog / (restore * 1e6))),
                restore);
        out.flush();
        return ExitCode.DONE;
    }

    private static String bytes(double bytes) {
        String[] units = {"B", "kB", "MB", "GB", "TB", "PB"};
        int unit = 0;
        double amount = bytes;
        while (amount >= 1000 && unit < units.length - 1) {
            amount /= 1000;
            unit++;
        }
        return String.format(Locale.ROOT, "%.1f %s", amount, units[unit]);
    }
}
