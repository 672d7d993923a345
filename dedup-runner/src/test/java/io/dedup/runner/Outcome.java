// SPDX-License-Identifier: Apache-2.0
package io.dedup.runner;

import java.io.PrintWriter;
import java.io.StringWriter;
import picocli.CommandLine;

/** How a command has ended and what it has printed. */
record Outcome(int exitCode, String out, String err) {
    static Outcome of(String... args) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        CommandLine commandLine = DedupCommand.commandLine();
        commandLine.setOut(new PrintWriter(out, true));
        commandLine.setErr(new PrintWriter(err, true));
        commandLine.setColorScheme(CommandLine.Help.defaultColorScheme(CommandLine.Help.Ansi.OFF));
        int exitCode = commandLine.execute(args);
        return new Outcome(exitCode, out.toString(), err.toString());
    }
}
