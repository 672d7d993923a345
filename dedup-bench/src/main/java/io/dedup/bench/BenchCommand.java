// SPDX-License-Identifier: Apache-2.0
package io.dedup.bench;

import io.dedup.bench.Settings.LatencySettings;
import io.dedup.bench.load.Load;
import io.dedup.bench.mode.Mode;
import io.dedup.bench.mode.Modes;
import io.dedup.bench.process.ChildFailedException;
import io.dedup.bench.report.Plots;
import io.dedup.bench.report.ResultText;
import io.dedup.bench.report.Results;
import io.dedup.runner.DurationConverter;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.concurrent.Callable;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The command that measures. */
@Command(
        name = "dedup-bench",
        mixinStandardHelpOptions = true,
        version = "dedup benchmarks 0.1.0",
        sortOptions = false,
        subcommands = {PlotsCommand.class, JmhCommand.class},
        description = {
            "Measures how many records a second come out of topic to topic, end to end, through a real broker.",
            "Broker and application are processes of their own. Every run of a mode is a fresh JVM, and its answer is checked.",
            ""
        },
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {
            "0:Everything was measured, and every mode has let through what it has to.",
            "1:A mode has let through something else, or a run failed.",
            "2:An option cannot be used; nothing was measured."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  java -jar dedup-bench.jar --modes pass-through,rocksdb,memory --records 200000 --rounds 1",
            "  java -jar dedup-bench.jar --records 2000000 --rounds 5 --json results.json"
        })
public final class BenchCommand implements Callable<Integer> {
    private static final int FAILED = 1;
    private static final long MAX_WARM_UP = 5_000_000;
    private static final String MODES_SECTION = "modes";

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private CommandSpec spec;

    @Option(
            names = "--modes",
            split = ",",
            paramLabel = "MODE",
            defaultValue = "pass-through,rocksdb,memory,tutorial",
            description = "What is measured, separated by commas. Default: ${DEFAULT-VALUE}. See below for all.")
    private List<String> modes = List.of();

    @Option(
            names = "--records",
            paramLabel = "N",
            defaultValue = "1000000",
            description = "How many records are measured, duplicates included. Default: ${DEFAULT-VALUE}.")
    private long records;

    @Option(
            names = "--warm-up",
            paramLabel = "N",
            description =
                    "How many records are read before these, in the same run, until the clock starts: meanwhile the"
                            + " code is compiled. Modes that search a store for each record read a fifth of them. Default: as"
                            + " many as are measured, and at most 5000000.")
    private @Nullable Long warmUp;

    @Option(
            names = "--slow-records",
            paramLabel = "N",
            description =
                    "How many of them are measured of modes that make a call for each record; before them, as many are read"
                            + " to warm up, unless --warm-up is less. Default: a fiftieth, and at least 20000.")
    private @Nullable Long slowRecords;

    @Option(
            names = "--rounds",
            paramLabel = "N",
            defaultValue = "3",
            description =
                    "How often each mode is run; all of them once, then all once more. Default: ${DEFAULT-VALUE}.")
    private int rounds;

    @Option(
            names = "--duplicate-ratio",
            paramLabel = "R",
            defaultValue = "0.2",
            description = "Which part of the records are duplicates. Default: ${DEFAULT-VALUE}.")
    private double duplicateRatio;

    @Option(
            names = "--duplicate-reach",
            paramLabel = "N",
            defaultValue = "100000",
            description = "Among how many of the latest keys a duplicate is chosen. Default: ${DEFAULT-VALUE}.")
    private int duplicateReach;

    @Option(
            names = "--value-bytes",
            paramLabel = "N",
            defaultValue = "200",
            description = "How long a value is. Default: ${DEFAULT-VALUE}.")
    private int valueBytes;

    @Option(
            names = "--span",
            paramLabel = "DURATION",
            defaultValue = "48h",
            converter = DurationConverter.class,
            description = "Over how much event time the records are spread, until now. Default: ${DEFAULT-VALUE}.")
    private Duration span = Duration.ZERO;

    @Option(
            names = "--ttl",
            paramLabel = "DURATION",
            defaultValue = "24h",
            converter = DurationConverter.class,
            description = "How long a key is remembered. Default: ${DEFAULT-VALUE}.")
    private Duration ttl = Duration.ZERO;

    @Option(
            names = "--seed",
            paramLabel = "S",
            defaultValue = "1",
            description = "The same seed gives the same records. Default: ${DEFAULT-VALUE}.")
    private long seed;

    @Option(
            names = "--heap",
            paramLabel = "SIZE",
            defaultValue = "2g",
            description = "The heap of every application, fixed. Default: ${DEFAULT-VALUE}.")
    private String heap = "";

    @Option(
            names = "--broker-heap",
            paramLabel = "SIZE",
            defaultValue = "1g",
            description = "The heap of the broker, fixed. Default: ${DEFAULT-VALUE}.")
    private String brokerHeap = "";

    @Option(
            names = "--worker-jvm",
            paramLabel = "OPTION",
            description = "An option for the JVM of every application; may be repeated.")
    private List<String> workerJvm = new ArrayList<>();

    @Option(
            names = "--streams-property",
            paramLabel = "KEY=VALUE",
            description = "A property of every Kafka Streams application; may be repeated.")
    private Map<String, String> streamsProperties = new LinkedHashMap<>();

    @Option(
            names = "--cold",
            description = "Leave out the first run, of the first mode, which is not measured and warms up the broker.")
    private boolean cold;

    @Option(
            names = "--restore",
            description =
                    "In the last round, also restart each mode with a changelog without its local state; but not those"
                            + " that make a call for each record.")
    private boolean restore;

    @Option(
            names = "--growth",
            split = ",",
            paramLabel = "KEYS",
            description = "Also measure throughput while that many keys are remembered, such as"
                    + " 1000000,5000000,20000000. All are within the TTL, and what is measured is the last million records"
                    + " of each. Modes that make a call for each record are left out.")
    private List<Long> growth = new ArrayList<>();

    @Option(names = "--latency", description = "Also measure how long records are on their way at a fixed rate.")
    private boolean latency;

    @Option(
            names = "--rate",
            paramLabel = "R",
            description =
                    "Records a second for --latency. Default: half of what pass-through takes at most with the same sender and"
                            + " reader beside it; then modes that are much slower are left out.")
    private @Nullable Double rate;

    @Option(
            names = "--latency-warm-up",
            paramLabel = "DURATION",
            defaultValue = "60s",
            converter = DurationConverter.class,
            description =
                    "How many records are sent before these, as quickly as can be, and not timed: what the rate makes in that"
                            + " time. They are waited for. Default: ${DEFAULT-VALUE}.")
    private Duration latencyWarmUp = Duration.ZERO;

    @Option(
            names = "--latency-for",
            paramLabel = "DURATION",
            defaultValue = "60s",
            converter = DurationConverter.class,
            description = "How long records are sent at the rate and timed. Default: ${DEFAULT-VALUE}.")
    private Duration latencyFor = Duration.ZERO;

    @Option(names = "--plots", paramLabel = "DIR", description = "Also draw everything there, as SVG files.")
    private @Nullable Path plots;

    private boolean unsaved;

    @Option(names = "--json", paramLabel = "FILE", description = "Also write everything there, as one JSON object.")
    private @Nullable Path json;

    private final Function<String, Optional<Mode>> known;

    private BenchCommand(Function<String, Optional<Mode>> known) {
        this.known = known;
    }

    /** Runs the command and ends the JVM with its exit code. */
    public static void main(String[] args) {
        System.exit(commandLine(Modes::named).execute(args));
    }

    /**
     * The command, not run yet.
     *
     * @param known finds a mode by its name
     */
    static CommandLine commandLine(Function<String, Optional<Mode>> known) {
        CommandLine commandLine = new CommandLine(new BenchCommand(known));
        // A directory may be called plots.
        commandLine.setAllowSubcommandsAsOptionParameters(true);
        commandLine
                .getHelpSectionMap()
                .put(MODES_SECTION, help -> help.createTextTable(descriptions()).toString());
        List<String> sections = new ArrayList<>(commandLine.getHelpSectionKeys());
        sections.add(
                sections.indexOf(CommandLine.Model.UsageMessageSpec.SECTION_KEY_EXIT_CODE_LIST_HEADING), MODES_SECTION);
        commandLine.setHelpSectionKeys(sections);
        return commandLine;
    }

    private static Map<String, String> descriptions() {
        Map<String, String> descriptions = new LinkedHashMap<>();
        Modes.all().forEach(mode -> descriptions.put(mode.name(), mode.description()));
        return descriptions;
    }

    @Override
    public Integer call() throws IOException {
        PrintWriter out = spec.commandLine().getOut();
        try (WorkDirectory directory = WorkDirectory.make()) {
            Settings settings = settings(directory.path());
            Results results = Results.in(Environment.of(settings, Clock.systemUTC()));
            out.println("Heap of every application " + heap + ", of the broker " + brokerHeap);
            try (TestBed bed = TestBed.start(settings, out)) {
                new Benchmark(settings, bed, results, () -> save(results)).run();
            } finally {
                // Also if it ends early: what has been measured took long.
                out.println();
                out.print(ResultText.of(results, Modes.PASS_THROUGH));
                out.flush();
            }
            if (plots != null) {
                new Plots(results, Modes.PASS_THROUGH, plots).draw();
            }
            return results.areRight() && !unsaved
                    ? 0
                    : complain(
                            "A run has failed, has let through something else than it has to, or could not be written down: see above.");
        } catch (BenchFailedException | ChildFailedException failed) {
            return complain(failed.getMessage() + (failed.getCause() == null ? "" : ": " + failed.getCause()));
        }
    }

    private void save(Results results) {
        if (json == null) {
            return;
        }
        try {
            results.write(json);
            unsaved = false;
        } catch (IOException failed) {
            // What is still to be measured takes long, and is written with this after the next run.
            unsaved = true;
            complain("The results could not be written to " + json + ": " + failed);
        }
    }

    private int complain(String message) {
        PrintWriter err = spec.commandLine().getErr();
        err.println(message);
        err.flush();
        return FAILED;
    }

    private Settings settings(Path directory) {
        require(rounds >= 1, "--rounds must be at least 1, and is " + rounds);
        require(
                !latency || rate != null || modes.contains(Modes.PASS_THROUGH),
                "--latency needs --rate, or " + Modes.PASS_THROUGH + " among the modes");
        require(rate == null || rate > 0, "--rate must be more than 0, and is " + rate);
        require(growth.stream().allMatch(keys -> keys >= 1), "--growth takes numbers of keys, and not " + growth);
        require(records >= 1, "--records must be at least 1, and is " + records);
        require(warmUp == null || warmUp >= 0, "--warm-up must be at least 0, and is " + warmUp);
        require(slowRecords == null || slowRecords >= 1, "--slow-records must be at least 1, and is " + slowRecords);
        require(
                json == null || (Files.isWritable(parent(json)) && !Files.isDirectory(json)),
                "--json cannot be written: " + json);
        require(plots == null || !Files.exists(plots) || Files.isDirectory(plots), "--plots is no directory: " + plots);
        require(
                growth.isEmpty() || modes.stream().map(this::mode).anyMatch(mode -> mode.pace() != Mode.Pace.SLOW),
                "--growth needs a mode that does not make a call for each record, and not only " + modes);
        Instant start = Instant.now().minus(span);
        long before = warmUp == null ? Math.min(records, MAX_WARM_UP) : warmUp;
        Load load;
        try {
            load = new Load(before + records, valueBytes, duplicateRatio, duplicateReach, start, span, ttl, seed);
        } catch (IllegalArgumentException unusable) {
            throw new ParameterException(spec.commandLine(), String.valueOf(unusable.getMessage()), unusable);
        }
        return new Settings(
                modes.stream().map(this::mode).toList(),
                rounds,
                load,
                before,
                slowRecords == null ? Math.max(20_000, records / 50) : slowRecords,
                heap,
                brokerHeap,
                workerJvm,
                streamsProperties,
                cold,
                restore,
                growth,
                latency
                        ? Optional.of(new LatencySettings(
                                rate == null ? OptionalDouble.empty() : OptionalDouble.of(rate),
                                latencyWarmUp,
                                latencyFor))
                        : Optional.empty(),
                directory);
    }

    private static Path parent(Path file) {
        Path parent = file.toAbsolutePath().getParent();
        return parent == null ? file : parent;
    }

    private Mode mode(String name) {
        return known.apply(name)
                .orElseThrow(() -> new ParameterException(
                        spec.commandLine(),
                        "There is no mode '" + name + "'; there are "
                                + Modes.all().stream().map(Mode::name).collect(Collectors.joining(", "))));
    }

    private void require(boolean usable, String message) {
        if (!usable) {
            throw new ParameterException(spec.commandLine(), message);
        }
    }
}
