// SPDX-License-Identifier: Apache-2.0
package io.dedup.runner;

import io.dedup.config.ConfigProblem;
import io.dedup.config.DedupConfig;
import java.io.IOException;
import java.nio.file.Files;
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

    /** The settings, whatever is wrong with them. */
    Settings settings() {
        if (!Files.isReadable(file)) {
            throw new EndedException(
                    ExitCode.USAGE,
                    "There is no file " + file.toAbsolutePath() + " that can be read; 'dedup init' writes one");
        }
        try {
            return Settings.load(file, System.getenv(), set);
        } catch (IOException | IllegalArgumentException unusable) {
            throw new EndedException(ExitCode.USAGE, file + ": " + unusable.getMessage());
        }
    }

    /** The settings, without which nothing can be found wrong offline. */
    Settings checked() {
        Settings settings = settings();
        List<ConfigProblem> problems = OfflineCheck.problems(settings);
        if (!problems.isEmpty()) {
            throw EndedException.of(problems);
        }
        return settings;
    }

    static DedupConfig config(Settings settings) {
        return DedupConfig.of(Utils.propsToMap(settings.application()));
    }
}
