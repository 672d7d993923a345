// SPDX-License-Identifier: Apache-2.0
package io.dedup.bench;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.openjdk.jmh.Main;
import picocli.CommandLine.Command;
import picocli.CommandLine.Unmatched;

/** Measures the decision alone. */
@Command(
        name = "jmh",
        description =
                "Measures what deciding and remembering take alone, without a broker. Takes the options of JMH: see"
                        + " jmh -h.")
final class JmhCommand implements Callable<Integer> {
    @Unmatched
    private List<String> arguments = new ArrayList<>();

    @Override
    public Integer call() throws IOException {
        Main.main(arguments.toArray(String[]::new));
        return 0;
    }
}
