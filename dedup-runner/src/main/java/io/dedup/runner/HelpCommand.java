// SPDX-License-Identifier: Apache-2.0
package io.dedup.runner;

import io.dedup.config.ConfigProblem.Code;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Explains commands and error codes. */
@Command(
        name = "help",
        mixinStandardHelpOptions = true,
        description = {
            "Explains a command, or the error codes.",
            "Explains a command, or with 'errors' every code that check and run may print."
        })
final class HelpCommand implements Callable<Integer> {
    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private CommandSpec spec;

    @Parameters(arity = "0..1", paramLabel = "COMMAND", description = "A command, or 'errors'.")
    private @Nullable String topic;

    @Override
    public Integer call() {
        CommandLine root = spec.root().commandLine();
        PrintWriter out = root.getOut();
        if (topic == null) {
            root.usage(out);
        } else if (topic.equals("errors")) {
            for (Code code : Code.values()) {
                out.println(code + "  " + code.explanation().replace("`", ""));
            }
        } else if (root.getSubcommands().containsKey(topic)) {
            root.getSubcommands().get(topic).usage(out);
        } else {
            throw new CommandFailedException(
                    ExitCode.USAGE,
                    "There is no command '" + topic + "'; there are "
                            + root.getSubcommands().keySet() + " and 'errors'");
        }
        out.flush();
        return ExitCode.DONE;
    }
}
