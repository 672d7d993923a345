// SPDX-License-Identifier: Apache-2.0
package io.dedup.runner;

import io.dedup.Mode;
import io.dedup.config.ConfigProblem;
import io.dedup.config.ConfigProblem.Code;
import io.dedup.config.DedupConfig;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.Callable;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.KafkaException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Relays until the process is stopped, or to the end of the topics. */
@Command(
        name = "run",
        mixinStandardHelpOptions = true,
        description = {
            "Relays topics.",
            "Relays every route of dedup.routes, exactly once, letting every idempotency key through once. "
                    + "Bytes are not touched. Checks first as 'dedup check' does; creates topics that it writes unless "
                    + "dedup.create.topics says no. Stops on SIGTERM or Ctrl-C within half a minute."
        })
final class RunCommand implements Callable<Integer> {
    private static final int MAX_PORT = 65_535;

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private CommandSpec spec;

    @Mixin
    private ConfigurationOptions options = new ConfigurationOptions();

    @Option(names = "--observe", description = "Forwards everything, counts and marks: for a first careful day.")
    private boolean observe;

    @Option(
            names = "--until-end",
            description = "Processes what is in the source topics now, prints what was found, and ends.")
    private boolean untilEnd;

    @Option(
            names = "--leave-out-missing",
            description = "Goes on without sources that are not there, and without routes whose first source is not.")
    private boolean leaveOutMissing;

    @Option(
            names = "--start-empty",
            description = "Starts although what was remembered is gone (DEDUP-222): every key is new.")
    private boolean startEmpty;

    @Option(
            names = "--summary-json",
            paramLabel = "FILE",
            description = "With --until-end: also writes what was found there, as one JSON object.")
    private @Nullable Path summaryJson;

    @Option(
            names = "--http",
            paramLabel = "PORT",
            description = "Serves /health/live, /health/ready and /metrics (Prometheus) on this port. Off by default.")
    private @Nullable Integer httpPort;

    @Option(
            names = "--http-host",
            paramLabel = "HOST",
            defaultValue = "127.0.0.1",
            description = "Where to serve them. Default: ${DEFAULT-VALUE}.")
    private String httpHost = "127.0.0.1";

    @Override
    public Integer call() throws IOException {
        Settings settings = options.checked(spec.commandLine().getErr());
        if (observe) {
            settings = settings.with(DedupConfig.MODE, Mode.OBSERVE.text());
        }
        PrintWriter out = spec.commandLine().getOut();
        PrintWriter err = spec.commandLine().getErr();
        usable();
        CheckCommand.refuse(OfflineCheck.ofStateDirectory(settings), err);
        Prepared prepared = prepared(settings, err);
        DedupConfig config = prepared.config();
        try (Relay relay = new Relay(prepared.application(), config);
                Probes probes = httpPort == null ? Probes.NONE : Probes.start(httpHost, httpPort, relay.streams())) {
            config.routes().forEach(route -> err.println(route.from() + " -> " + route.target()));
            err.println(
                    config.policy().mode() == Mode.ENFORCE
                            ? "Duplicates are kept back. Ctrl-C stops."
                            : "Mode " + config.policy().mode().text() + ": nothing is kept back. Ctrl-C stops.");
            if (httpPort != null) {
                err.println("Health and metrics on http://" + httpHost + ":" + probes.port());
            }
            err.flush();
            relay.start(untilEnd);
            if (!untilEnd) {
                relay.awaitEnd();
                return ExitCode.DONE;
            }
            if (relay.passedOver() > 0) {
                err.println("auto.offset.reset=latest: " + relay.passedOver()
                        + " records that are there now are not read, since nothing is committed in their partitions");
            }
            relay.awaitCaughtUp(Duration.ofSeconds(1), err);
            Findings findings = relay.findings();
            findings.print(out);
            if (summaryJson != null) {
                Files.writeString(summaryJson, findings.json());
            }
            return ExitCode.DONE;
        }
    }

    private void usable() {
        if (httpPort != null && (httpPort < 0 || httpPort > MAX_PORT)) {
            throw new ParameterException(
                    spec.commandLine(), "--http takes a port, from 0 for any free one to " + MAX_PORT);
        }
        if (summaryJson != null && !untilEnd) {
            throw new ParameterException(spec.commandLine(), "--summary-json needs --until-end");
        }
    }

    /**
     * What is run.
     *
     * @param application with what the topics refuse
     * @param config with the topics that are there
     */
    private record Prepared(Properties application, DedupConfig config) {}

    /** Checks the cluster, creates what is missing and may be created, and reads what the topics refuse. */
    private Prepared prepared(Settings settings, PrintWriter err) {
        Properties application = settings.application();
        try (Admin admin = CheckCommand.admin(application)) {
            Settings there = RoutesOnCluster.named(settings, admin);
            CheckCommand.refuse(
                    RoutesOnCluster.withoutTopics(
                            ConfigurationOptions.config(settings), ConfigurationOptions.config(there)),
                    err);
            if (leaveOutMissing) {
                List<String> left = new ArrayList<>();
                there = RoutesOnCluster.withoutMissing(there, admin, left);
                left.forEach(err::println);
            }
            DedupConfig config = ConfigurationOptions.config(there);
            ClusterCheck check = new ClusterCheck(application, config, admin);
            List<ConfigProblem> problems = new ArrayList<>(check.problems());
            problems.removeIf(problem -> startEmpty && problem.code() == Code.REMEMBERED_KEYS_GONE);
            CheckCommand.refuse(problems, err);
            try (MemoryCheck memory = new MemoryCheck(application, config, admin)) {
                // What its keys are made of is compared, and logged, by the operator itself.
                CheckCommand.refuse(memory.empty(), err);
            }
            return new Prepared(
                    RaisedSettings.of(there.application(), RelayTopics.of(application, config), check.create()),
                    config);
        } catch (KafkaException unusable) {
            throw CommandFailedException.of(List.of(CheckCommand.unreachable(application, unusable)));
        }
    }
}
