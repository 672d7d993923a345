// SPDX-License-Identifier: Apache-2.0
package io.dedup.runner;

import io.dedup.config.DedupConfigException;
import java.io.PrintWriter;
import java.net.BindException;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.common.errors.AuthenticationException;
import org.apache.kafka.common.errors.TimeoutException;
import org.slf4j.LoggerFactory;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** The command {@code dedup}. */
@Command(
        name = "dedup",
        mixinStandardHelpOptions = true,
        version = "dedup 0.1.0",
        description = {
            "Keeps the second copy of an order or a payment away from the system that charges the card.",
            "Relays Kafka topics, letting every idempotency key through once.",
            ""
        },
        subcommands = {
            InitCommand.class,
            CheckCommand.class,
            WarmStartCommand.class,
            RunCommand.class,
            ExplainCommand.class,
            SizeCommand.class,
            VerifyCommand.class,
            InspectCommand.class,
            ForgetCommand.class,
            OperationsCommand.class,
            HelpCommand.class,
            AutoComplete.GenerateCompletion.class
        },
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {
            "0:Done.",
            "1:It failed while it ran.",
            "2:The command line cannot be used.",
            "3:The configuration is not valid.",
            "4:The cluster or the store cannot be reached.",
            "5:verify has found duplicates.",
            "6:operations: there is no such operation, or it is not as it has to be for that.",
            "7:run: a topic is not what it was, and a restart alone may not help.",
            "8:verify: no record has a key, and nothing can be said of duplicates."
        },
        footerHeading = "%nThe first minutes:%n",
        footer = {
            "  dedup init > orders.properties      write a configuration, edit three lines",
            "  dedup check orders.properties       everything that is wrong with it, at once",
            "  dedup run --observe orders.properties",
            "                                      look for a day, dropping nothing",
            "  dedup run orders.properties         relay",
            "",
            "Settings come from the file, over them from the environment (DEDUP_TTL_MS=…,",
            "KAFKA_BOOTSTRAP_SERVERS=…), over them from --set KEY=VALUE. Values may refer to",
            "$${env:NAME} and $${file:PATH:KEY}."
        })
public final class DedupCommand implements Runnable {
    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private CommandSpec spec;

    /** Runs the command and ends the JVM with its exit code. */
    public static void main(String[] args) {
        // Not under its usual name, where it would decide for every application with this jar on the class path.
        if (System.getProperty("logback.configurationFile") == null) {
            System.setProperty("logback.configurationFile", "io/dedup/runner/logback.xml");
        }
        System.exit(commandLine().execute(args));
    }

    static CommandLine commandLine() {
        CommandLine commandLine = new CommandLine(new DedupCommand());
        commandLine.setUsageHelpAutoWidth(true);
        commandLine.setExecutionExceptionHandler((failed, command, parsed) -> {
            PrintWriter err = command.getErr();
            if (failed instanceof CommandFailedException ended) {
                ended.print(err);
                return ended.exitCode();
            }
            LoggerFactory.getLogger(DedupCommand.class).info("failed", failed);
            if (failed instanceof DedupConfigException || failed instanceof ConfigException) {
                err.println("The configuration cannot be used: " + failed.getMessage());
                return ExitCode.CONFIGURATION_INVALID;
            } else if (isUnreachable(failed)) {
                err.println("The cluster cannot be reached: " + failed.getMessage());
                return ExitCode.UNREACHABLE;
            } else if (failed instanceof BindException) {
                err.println("The port of --http cannot be used: " + failed.getMessage());
                return ExitCode.FAILED;
            }
            err.println("dedup failed: " + failed);
            err.println("DEDUP_LOG_LEVEL=INFO shows what led to it.");
            return ExitCode.FAILED;
        });
        return commandLine;
    }

    private static boolean isUnreachable(Throwable failed) {
        boolean here = failed instanceof TimeoutException || failed instanceof AuthenticationException;
        return here || (failed.getCause() != null && isUnreachable(failed.getCause()));
    }

    @Override
    public void run() {
        spec.commandLine().usage(spec.commandLine().getOut());
    }
}
