// SPDX-License-Identifier: Apache-2.0
package io.dedup.bench;

import io.dedup.bench.mode.Modes;
import io.dedup.bench.report.Plots;
import io.dedup.bench.report.Results;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Draws what was measured before. */
@Command(
        name = "plots",
        mixinStandardHelpOptions = true,
        description = "Draws what was measured before and written with --json, as SVG files.")
final class PlotsCommand implements Callable<Integer> {
    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private CommandSpec spec;

    @Option(names = "--json", paramLabel = "FILE", required = true, description = "What was measured.")
    private Path json = Path.of("");

    @Option(names = "--plots", paramLabel = "DIR", required = true, description = "Where the files go.")
    private Path plots = Path.of("");

    @Override
    public Integer call() throws IOException {
        new Plots(Results.read(json), Modes.PASS_THROUGH, plots)
                .draw()
                .forEach(file -> spec.commandLine().getOut().println(file));
        return 0;
    }
}
