// SPDX-License-Identifier: Apache-2.0
package io.dedup.runner;

import io.dedup.config.ConfigProblem;
import io.dedup.config.ConfigProblem.Code;
import java.io.PrintWriter;
import java.util.List;

/** Ends a command with a message and an exit code. It has no stack trace: it says something about the input. */
final class CommandFailedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final int exitCode;
    private final transient List<ConfigProblem> problems;

    CommandFailedException(int exitCode, String message) {
        this(exitCode, message, List.of());
    }

    private CommandFailedException(int exitCode, String message, List<ConfigProblem> problems) {
        super(message, null, false, false);
        this.exitCode = exitCode;
        this.problems = problems;
    }

    /** Ends it because of what is wrong with the configuration or the cluster. */
    static CommandFailedException of(List<ConfigProblem> problems) {
        boolean unreachable = problems.stream().anyMatch(problem -> problem.code() == Code.CLUSTER_UNREACHABLE);
        String count = problems.size() == 1 ? "One problem" : problems.size() + " problems";
        return new CommandFailedException(
                unreachable ? ExitCode.UNREACHABLE : ExitCode.CONFIGURATION_INVALID, count, problems);
    }

    /** Ends a relay because of what has happened to its topics. */
    static CommandFailedException changed(List<ConfigProblem> problems) {
        return new CommandFailedException(
                ExitCode.TOPICS_CHANGED, "The relay has stopped, since a topic is not what it was", problems);
    }

    int exitCode() {
        return exitCode;
    }

    /** What has ended it, if that has codes. */
    List<ConfigProblem> problems() {
        return problems;
    }

    void print(PrintWriter err) {
        err.println(problems.isEmpty() ? getMessage() : getMessage() + ":");
        for (ConfigProblem problem : problems) {
            err.println("  " + problem);
        }
        if (!problems.isEmpty()) {
            err.println("'dedup help errors' explains the codes.");
        }
    }
}
