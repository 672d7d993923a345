// SPDX-License-Identifier: Apache-2.0
package io.dedup.runner;

import io.dedup.config.DedupConfig;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.common.utils.Utils;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The file and what goes over it, as most commands take it. */
final class ConfigurationOptions {
    @Parameters(paramLabel = "FILE.properties", description = "The configuration; 'dedup init' writes one.")
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private Path file;

    @Option(
            names = "--set",
            paramLabel = "KEY=VALUE",
            description = "Sets a property over the file and the environment. May be repeated.")
    private List<String> set = new ArrayList<>();

    /** What the command line gives. */
    ConfigurationOptions() {
        // picocli fills it.
    }

    /** For a command with parameters of its own before the file. */
    ConfigurationOptions(Path file, List<String> set) {
        this.file = file;
        this.set = List.copyOf(set);
    }

    /** The settings, unchecked. */
    Settings settings() {
        try {
            return Settings.load(file, System.getenv(), set);
        } catch (IOException unreadable) {
            throw new CommandFailedException(
                    ExitCode.USAGE, "The configuration cannot be read: " + unreadable.getMessage());
        } catch (IllegalArgumentException malformed) {
            throw new CommandFailedException(ExitCode.USAGE, String.valueOf(malformed.getMessage()));
        }
    }

    /**
     * The settings, with which nothing is wrong as far as can be told offline.
     *
     * @param err for what is only worth knowing
     */
    Settings checked(PrintWriter err) {
        Settings settings = settings();
        CheckCommand.refuse(OfflineCheck.problems(settings), err);
        return settings;
    }

    static DedupConfig config(Settings settings) {
        return DedupConfig.of(Utils.propsToMap(settings.application()));
    }
}
