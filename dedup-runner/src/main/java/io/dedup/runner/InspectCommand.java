// SPDX-License-Identifier: Apache-2.0
package io.dedup.runner;

import io.dedup.Coordinates;
import io.dedup.config.DedupConfig;
import io.dedup.streams.ChangelogSearch;
import io.dedup.streams.Dedup;
import io.dedup.streams.KeyStatus;
import io.dedup.streams.KeyStatus.Remembered;
import java.io.PrintWriter;
import java.time.Instant;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Says what is remembered of a key. */
@Command(
        name = "inspect",
        mixinStandardHelpOptions = true,
        description = {
            "Says whether a key is remembered.",
            "Says whether a key is remembered, since when, from which record and until when. Reads the "
                    + "changelog of the application, whether it runs or not."
        })
final class InspectCommand implements Callable<Integer> {
    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private CommandSpec spec;

    @Mixin
    private ConfigurationOptions options = new ConfigurationOptions();

    @Mixin
    private KeyOptions keyOptions = new KeyOptions();

    @Option(
            names = "--at",
            paramLabel = "INSTANT",
            description = "For which event time to ask, as 2027-01-31T12:00:00Z. Default: now.")
    private @Nullable Instant at;

    @Override
    public Integer call() {
        Settings settings = options.checked(spec.commandLine().getErr());
        DedupConfig config = ConfigurationOptions.config(settings);
        String topic = keyOptions.topic(config);
        Dedup dedup = RelayTopology.operator(config, keyOptions.route(config));
        Instant time = at == null ? Instant.ofEpochMilli(System.currentTimeMillis()) : at;
        KeyStatus status;
        try {
            status = ChangelogSearch.find(dedup, settings.application(), topic, keyOptions.key(config), time);
        } catch (IllegalStateException neverRun) {
            throw new CommandFailedException(
                    ExitCode.FAILED,
                    "Nothing is remembered, since the application has never run: " + neverRun.getMessage());
        }
        CheckCommand.refuse(
                MemoryCheck.changes(dedup, settings.application()),
                spec.commandLine().getErr());
        PrintWriter out = spec.commandLine().getOut();
        if (status instanceof Remembered remembered) {
            Coordinates first = remembered.first().coordinates();
            out.println("Remembered: a record of " + time + " would be a duplicate.");
            out.println("  first        " + (first == null ? "unknown" : first) + " of " + remembered.since());
            out.println("  until        " + remembered.until());
        } else {
            out.println("Not remembered: a record of " + time + " would be a first, unless it is late.");
        }
        out.flush();
        return ExitCode.DONE;
    }
}
