// SPDX-License-Identifier: Apache-2.0
package io.dedup.demo;

import io.dedup.DedupPolicy;
import io.dedup.demo.ledger.Database;
import io.dedup.demo.report.Progress;
import io.dedup.demo.report.Summary;
import io.dedup.demo.report.SummaryText;
import io.dedup.demo.traffic.InputFile;
import io.dedup.demo.traffic.MalformedInputFileException;
import io.dedup.demo.traffic.Reference;
import io.dedup.demo.traffic.Sending;
import io.dedup.demo.traffic.Traffic;
import io.dedup.demo.traffic.TrafficGenerator;
import io.dedup.demo.traffic.Truth;
import io.dedup.runner.DurationConverter;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.function.IntFunction;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The command that runs the demo. */
@Command(
        name = "demo-orders",
        mixinStandardHelpOptions = true,
        version = "dedup demo 0.1.0",
        sortOptions = false,
        description = {
            "Orders and payments go through a real Kafka broker, sent by producers that retry.",
            "dedup lets every operation through once; a ledger books what gets through.",
            ""
        },
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {
            "0:The ledger equals the truth: nothing lost, nothing twice.",
            "1:It does not, or the run failed.",
            "2:An option or a line of the input file cannot be used; nothing was charged."
        },
        footerHeading = "%nThe log is demo-orders.log in the temporary directory.%n%nExamples:%n",
        footer = {
            "  java -jar demo-orders.jar --events 20000 --duplicate-ratio 0.3 --seed 7",
            "  java -jar demo-orders.jar --input my-traffic.jsonl --summary-json out.json",
            "  java -jar demo-orders.jar --bootstrap-servers localhost:9092",
            "  java -jar demo-orders.jar --serve",
            "  java -jar demo-orders.jar --serve --bootstrap-servers localhost:9092 \\",
            "      --database 'jdbc:postgresql://localhost/dedup?user=dedup&password=dedup'"
        })
public final class DemoOrders implements Callable<Integer> {
    private static final Logger LOGGER = LoggerFactory.getLogger(DemoOrders.class);
    private static final int FAILED = 1;
    private static final int UNUSABLE = 2;
    /** All records of a run are held in memory. */
    private static final int MAX_EVENTS = 2_000_000;

    private static final int MAX_PORT = 65_535;
    private static final int MAX_DUPLICATES = 10;
    private static final Pattern SERVERS = Pattern.compile("[^\\s,:]+:\\d{1,5}(,[^\\s,:]+:\\d{1,5})*");

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private CommandSpec spec;

    @Option(names = "--events", paramLabel = "N", description = "How many operations there are. Default: 20000.")
    private @Nullable Integer events;

    @Option(
            names = "--duplicate-ratio",
            paramLabel = "R",
            description = "How many duplicates are sent for every operation, on average. Default: 0.3.")
    private @Nullable Double duplicateRatio;

    @Option(names = "--seed", paramLabel = "S", description = "The same seed gives the same traffic. Default: 1.")
    private @Nullable Long seed;

    @Option(
            names = "--input",
            paramLabel = "FILE.jsonl",
            description = "Send these records instead: one JSON object a line, with topic, key, timestamp, headers and"
                    + " value.")
    private @Nullable Path input;

    @Option(
            names = "--partitions",
            paramLabel = "P",
            defaultValue = "4",
            description = "Partitions of topics that are made. Default: ${DEFAULT-VALUE}.")
    private int partitions;

    @Option(
            names = "--ttl",
            paramLabel = "DURATION",
            defaultValue = "24h",
            converter = DurationConverter.class,
            description = "How long an operation is remembered: 90s, 10m, 24h, 7d. Default: ${DEFAULT-VALUE}.")
    private Duration ttl = Duration.ZERO;

    @Option(
            names = "--bootstrap-servers",
            paramLabel = "HOST:PORT",
            description = "Use this cluster instead of a broker inside this JVM.")
    private @Nullable String bootstrapServers;

    @Option(
            names = "--serve",
            arity = "0..1",
            fallbackValue = "8080",
            paramLabel = "PORT",
            description = "Take orders and payments over HTTP instead, until Ctrl-C; at port ${FALLBACK-VALUE} unless"
                    + " another is given, and at any that is free with 0.")
    private @Nullable Integer serve;

    @Option(
            names = "--host",
            paramLabel = "ADDRESS",
            description = "With --serve: the address to listen at. Default: 127.0.0.1, for this machine alone.")
    private @Nullable String host;

    @Option(
            names = "--database",
            paramLabel = "JDBC-URL",
            defaultValue = "${env:DEMO_ORDERS_DATABASE}",
            description = "With --serve: book in this PostgreSQL database and remember requests there, and go on where"
                    + " the last one ended. Also taken from DEMO_ORDERS_DATABASE, since it has the password.")
    private @Nullable String database;

    @Option(
            names = "--summary-json",
            paramLabel = "FILE",
            description = "Also write the summary there, as one JSON object.")
    private @Nullable Path summaryJson;

    /** Runs the command and ends the JVM with its exit code. */
    public static void main(String[] args) {
        System.exit(new CommandLine(new DemoOrders()).execute(args));
    }

    @Override
    public Integer call() {
        requireUsable();
        boolean terminal = CommandLine.Help.Ansi.AUTO.enabled();
        try {
            if (serve != null) {
                serve(new Progress(System.out, terminal), serve);
                return 0;
            }
            IntFunction<Traffic> traffic = traffic();
            if (summaryJson != null) {
                // A failed run must not leave the good news of an earlier one.
                Files.deleteIfExists(summaryJson);
            }
            Progress progress = new Progress(System.out, terminal);
            Summary summary = new DemoRun(surroundings(), traffic, progress).run();
            PrintWriter out = spec.commandLine().getOut();
            out.println();
            out.print(SummaryText.of(summary, CommandLine.Help.Ansi.valueOf(terminal)));
            out.flush();
            if (summaryJson != null) {
                summary.write(summaryJson);
            }
            return summary.isPassed() ? 0 : FAILED;
        } catch (MalformedInputFileException malformed) {
            return complain(UNUSABLE, malformed.getMessage());
        } catch (IOException | DemoFailedException failed) {
            LOGGER.error("The run failed", failed);
            return complain(
                    FAILED,
                    failed.getMessage() + System.lineSeparator() + "The log is in "
                            + Path.of(System.getProperty("java.io.tmpdir"), "demo-orders.log"));
        }
    }

    private DemoSettings surroundings() {
        return new DemoSettings(bootstrapServers, partitions, ttl);
    }

    private void serve(Progress progress, int port) {
        Serving serving = new Serving(
                surroundings(),
                database == null ? null : new Database(database),
                host == null ? "127.0.0.1" : host,
                port,
                progress);
        Thread hook = new Thread(() -> {
            try {
                serving.stop();
            } catch (InterruptedException hurried) {
                LOGGER.warn("The server was not given the time to put everything away", hurried);
            }
        });
        Runtime.getRuntime().addShutdownHook(hook);
        serving.run();
    }

    private int complain(int exitCode, @Nullable String message) {
        PrintWriter err = spec.commandLine().getErr();
        err.println(message);
        err.flush();
        return exitCode;
    }

    private IntFunction<Traffic> traffic() throws IOException {
        long now = System.currentTimeMillis();
        if (input == null) {
            int operations = events == null ? 20_000 : events;
            double ratio = duplicateRatio == null ? 0.3 : duplicateRatio;
            long usedSeed = seed == null ? 1 : seed;
            return count -> TrafficGenerator.generate(operations, ratio, usedSeed, ttl, now);
        }
        List<Sending> sendings = InputFile.read(input, now);
        return count -> {
            Truth truth = Reference.truth(sendings, count, ttl, DedupPolicy.DEFAULT_MAX_FUTURE, now);
            return new Traffic(truth.entries(), sendings, truth);
        };
    }

    private void requireUsable() {
        require(
                input == null || (events == null && duplicateRatio == null && seed == null),
                "--input brings its own records: leave out --events, --duplicate-ratio and --seed");
        require(
                input == null || (Files.isRegularFile(input) && Files.isReadable(input)),
                "--input cannot be read, or is no file: " + input);
        require(
                bootstrapServers == null || SERVERS.matcher(bootstrapServers).matches(),
                "--bootstrap-servers must be HOST:PORT, or several separated by commas, and is " + bootstrapServers);
        require(
                events == null || (events >= 1 && events <= MAX_EVENTS),
                "--events must be between 1 and " + MAX_EVENTS + ", and is " + events);
        require(
                duplicateRatio == null || (duplicateRatio >= 0 && duplicateRatio <= MAX_DUPLICATES),
                "--duplicate-ratio must be between 0 and " + MAX_DUPLICATES + ", and is " + duplicateRatio);
        require(
                partitions >= 1 && partitions <= 1_000,
                "--partitions must be between 1 and 1000, and is " + partitions);
        require(
                ttl.compareTo(Duration.ofSeconds(1)) >= 0 && ttl.compareTo(DedupPolicy.MAX_DURATION) <= 0,
                "--ttl must be between 1s and " + DedupPolicy.MAX_DURATION.toDays() + "d, and is " + ttl);
        require(
                serve == null || (events == null && duplicateRatio == null && seed == null && input == null),
                "--serve waits for requests: leave out --events, --duplicate-ratio, --seed and --input");
        require(database == null || serve != null, "--database is for --serve: other runs keep nothing");
        require(
                database == null || database.startsWith("jdbc:postgresql:"),
                "--database must be jdbc:postgresql://HOST/DATABASE?user=USER&password=PASSWORD");
        require(
                database == null || bootstrapServers != null,
                "--database outlives a broker inside this JVM: name a cluster with --bootstrap-servers");
        require(serve == null || summaryJson == null, "--serve has no summary: leave out --summary-json");
        require(
                serve == null || (serve >= 0 && serve <= MAX_PORT),
                "--serve must be a port between 0 and " + MAX_PORT + ", and is " + serve);
        require(host == null || serve != null, "--host is for --serve");
        require(
                summaryJson == null || isWritable(summaryJson.toAbsolutePath()),
                "--summary-json cannot be written: " + summaryJson);
    }

    private static boolean isWritable(Path file) {
        Path parent = file.getParent();
        return parent != null
                && Files.isDirectory(parent)
                && Files.isWritable(parent)
                && (!Files.exists(file) || (Files.isRegularFile(file) && Files.isWritable(file)));
    }

    private void require(boolean usable, String message) {
        if (!usable) {
            throw new ParameterException(spec.commandLine(), message);
        }
    }
}
