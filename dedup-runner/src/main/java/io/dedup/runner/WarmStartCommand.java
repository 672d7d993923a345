// SPDX-License-Identifier: Apache-2.0
package io.dedup.runner;

import io.dedup.config.DedupConfig;
import io.dedup.config.Route;
import io.dedup.streams.WarmStart;
import io.dedup.streams.WarmStart.Seeded;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.streams.StreamsConfig;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Remembers what was processed before the relay starts. */
@Command(
        name = "warm-start",
        mixinStandardHelpOptions = true,
        description = {
            "Remembers what was processed before the relay starts.",
            "Reads the last TTL of the sources of every route, up to where a group has processed them, and remembers the keys. "
                    + "What is in dedup.dead.letter.topic was not processed, and is left out. "
                    + "The relay must not run. Routes that remember something already are left as they are."
        })
final class WarmStartCommand implements Callable<Integer> {
    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private CommandSpec spec;

    @Mixin
    private ConfigurationOptions options = new ConfigurationOptions();

    @Option(
            names = "--from-group",
            paramLabel = "GROUP",
            description =
                    "Who has processed the sources so far; its offsets become those of the relay where that has none."
                            + " Default: the application itself.")
    private @Nullable String group;

    @Option(
            names = "--everywhere",
            description = "Every partition remembers every key: for sources whose number of partitions has changed. Not"
                    + " needed with dedup.partitioning=by-key.")
    private boolean everywhere;

    @Override
    public Integer call() {
        Settings settings = options.checked(spec.commandLine().getErr());
        try (Admin admin = CheckCommand.admin(settings.application())) {
            settings = RoutesOnCluster.named(settings, admin);
        }
        DedupConfig config = ConfigurationOptions.config(settings);
        PrintWriter out = spec.commandLine().getOut();
        List<String> refused = new ArrayList<>();
        for (Route route : config.routes()) {
            try {
                report(route, remember(settings, config, route), out);
            } catch (IllegalStateException unusable) {
                refused.add(route.from() + ": " + unusable.getMessage());
            }
        }
        if (!refused.isEmpty()) {
            throw new CommandFailedException(ExitCode.FAILED, String.join(System.lineSeparator(), refused));
        }
        return ExitCode.DONE;
    }

    private Optional<Seeded> remember(Settings settings, DedupConfig config, Route route) {
        WarmStart start = WarmStart.of(RelayTopology.operator(config, route), settings.application());
        String from = group == null ? settings.application().getProperty(StreamsConfig.APPLICATION_ID_CONFIG) : group;
        if (config.deadLetterTopic().isPresent()) {
            start = start.leavingOut(config.deadLetterTopic().get());
        }
        return (everywhere ? start.everywhere() : start)
                .fromProcessedBy(from, route.sources().toArray(String[]::new));
    }

    private static void report(Route route, Optional<Seeded> seeded, PrintWriter out) {
        out.println(seeded.map(done -> String.format(
                        Locale.ROOT,
                        "%s: %,d records read, %,d of them remembered",
                        route.from(),
                        done.read(),
                        done.remembered()))
                .orElse(route.from() + ": remembers something already, and is left as it is"));
        out.flush();
    }
}
