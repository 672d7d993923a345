// SPDX-License-Identifier: Apache-2.0
package io.dedup.runner;

import io.dedup.config.ConfigProblem;
import io.dedup.config.ConfigProblem.Code;
import io.dedup.config.DedupConfig;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.ApiException;
import org.apache.kafka.common.errors.AuthenticationException;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.streams.StreamsConfig;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Says everything that is wrong at once. */
@Command(
        name = "check",
        mixinStandardHelpOptions = true,
        description = {
            "Says everything that is wrong, at once.",
            "Says everything that is wrong with a configuration and with the topics on the cluster, at once: "
                    + "each with a code, the key, its value and the fix. Changes nothing. With --sample it also reads records and "
                    + "shows how many have a key, source by source."
        })
final class CheckCommand implements Callable<Integer> {
    /** They are held in memory. */
    private static final int MAX_SAMPLE = 100_000;

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private CommandSpec spec;

    @Mixin
    private ConfigurationOptions options = new ConfigurationOptions();

    @Option(names = "--offline", description = "Does not ask the cluster.")
    private boolean offline;

    @Option(
            names = "--sample",
            paramLabel = "N",
            description = "Reads about the last N records of each source topic, and shows how many have a usable key.")
    private @Nullable Integer sample;

    @Override
    public Integer call() {
        if (sample != null && (offline || sample < 1 || sample > MAX_SAMPLE)) {
            throw new ParameterException(
                    spec.commandLine(), "--sample takes 1 to " + MAX_SAMPLE + " records, and not --offline: " + sample);
        }
        Settings settings = options.settings();
        List<ConfigProblem> problems = new ArrayList<>(OfflineCheck.problems(settings));
        problems.addAll(OfflineCheck.ofStateDirectory(settings));
        boolean readable = problems.stream().allMatch(problem -> problem.code().isWarning());
        if (!offline && readable) {
            problems.addAll(onCluster(settings, spec.commandLine().getOut()));
        }
        if (sample != null
                && problems.stream().allMatch(problem -> problem.code().isWarning())) {
            problems.addAll(sampled(settings, sample));
        }
        refuse(problems, spec.commandLine().getErr());
        spec.commandLine()
                .getOut()
                .println(offline ? "Nothing is wrong, as far as can be told offline." : "Nothing is wrong.");
        return ExitCode.DONE;
    }

    private static List<ConfigProblem> onCluster(Settings settings, PrintWriter out) {
        Properties application = settings.application();
        try (Admin admin = admin(application)) {
            DedupConfig written = ConfigurationOptions.config(settings);
            DedupConfig config = ConfigurationOptions.config(RoutesOnCluster.named(settings, admin));
            if (!config.routes().equals(written.routes())) {
                config.routes().forEach(route -> out.println("On the cluster: " + route));
            }
            List<ConfigProblem> problems = new ArrayList<>(RoutesOnCluster.withoutTopics(written, config));
            problems.addAll(new ClusterCheck(application, config, admin).problems());
            if (problems.stream().allMatch(problem -> problem.code().isWarning())) {
                try (MemoryCheck memory = new MemoryCheck(application, config, admin)) {
                    problems.addAll(memory.changes());
                    problems.addAll(memory.empty());
                }
            }
            return problems;
        } catch (KafkaException unusable) {
            return List.of(unreachable(application, unusable));
        }
    }

    private List<ConfigProblem> sampled(Settings settings, int records) {
        Settings there;
        try (Admin admin = admin(settings.application())) {
            there = RoutesOnCluster.named(settings, admin);
        }
        DedupConfig config = ConfigurationOptions.config(there);
        List<ConfigProblem> problems = new ArrayList<>();
        for (String topic : config.sources()) {
            KeySample keys = KeySample.read(settings.application(), config, topic, records);
            keys.print(spec.commandLine().getOut());
            keys.problem().ifPresent(problems::add);
        }
        return problems;
    }

    /** Ends the command if there are problems; what is only worth knowing is printed. */
    static void refuse(List<ConfigProblem> found, PrintWriter err) {
        Map<Boolean, List<ConfigProblem>> byWarning = found.stream()
                .collect(Collectors.partitioningBy(problem -> problem.code().isWarning()));
        byWarning.getOrDefault(true, List.of()).forEach(warning -> err.println("Worth knowing: " + warning));
        err.flush();
        List<ConfigProblem> problems = byWarning.getOrDefault(false, List.of());
        if (!problems.isEmpty()) {
            throw CommandFailedException.of(problems);
        }
    }

    /**
     * That the cluster does not answer.
     *
     * @throws CommandFailedException if it does, and refuses
     */
    static ConfigProblem unreachable(Properties application, KafkaException cause) {
        boolean isAnswer = cause instanceof ApiException
                && !(cause instanceof RetriableException)
                && !(cause instanceof AuthenticationException);
        if (isAnswer) {
            throw new CommandFailedException(
                    ExitCode.FAILED, "The cluster refuses what it is asked: " + cause.getMessage());
        }
        Throwable deepest = cause;
        while (deepest.getCause() != null) {
            deepest = deepest.getCause();
        }
        return new ConfigProblem(
                Code.CLUSTER_UNREACHABLE,
                StreamsConfig.BOOTSTRAP_SERVERS_CONFIG,
                application.getProperty(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG),
                String.valueOf(deepest.getMessage()),
                "See that the hosts exist and the brokers run there, and that the security settings are theirs");
    }

    /** A client with short time-outs, as for a command that a person waits for, unless the settings have others. */
    static Admin admin(Properties application) {
        Map<String, Object> configs = new HashMap<>(new StreamsConfig(application).getAdminConfigs("dedup-check"));
        Map<String, Integer> patience = Map.of(
                AdminClientConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, 15_000,
                AdminClientConfig.REQUEST_TIMEOUT_MS_CONFIG, 10_000);
        patience.forEach((key, millis) -> {
            if (!application.containsKey(key) && !application.containsKey(StreamsConfig.adminClientPrefix(key))) {
                configs.put(key, millis);
            }
        });
        return Admin.create(configs);
    }
}
