// SPDX-License-Identifier: Apache-2.0
package io.dedup.runner;

import io.dedup.config.DedupConfig;
import io.dedup.streams.internal.changelog.CommittedRecords;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.streams.StreamsConfig;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Counts the duplicates in a topic. */
@Command(
        name = "verify",
        mixinStandardHelpOptions = true,
        description = {
            "Counts the duplicates in a topic.",
            "Reads a topic and counts its duplicates by the configured key within the TTL: is it clean, and "
                    + "would dedup help? Equal keys count wherever they are, also on different partitions. Keys are "
                    + "kept in a temporary directory. Names keys that are on so many records (20 and more, and over 1 %%) "
                    + "that they are likely placeholders. Exit code 5 if there are duplicates, 8 if no record has a key."
        })
final class VerifyCommand implements Callable<Integer> {
    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private CommandSpec spec;

    @Parameters(index = "0", paramLabel = "TOPIC", description = "The topic to read, of any route or of none.")
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private String topic;

    @Parameters(
            index = "1",
            paramLabel = "FILE.properties",
            description = "The configuration, which says where keys are and what the TTL is.")
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private Path file;

    @Option(
            names = "--set",
            paramLabel = "KEY=VALUE",
            description = "Sets a property over the file and the environment. May be repeated.")
    private List<String> set = new ArrayList<>();

    @Override
    public Integer call() {
        Settings settings =
                new ConfigurationOptions(file, set).checked(spec.commandLine().getErr());
        DedupConfig config = ConfigurationOptions.config(settings);
        try (CommittedRecords records =
                        new CommittedRecords(new StreamsConfig(settings.application()), "dedup-verify");
                KeysOnDisk keys = new KeysOnDisk(topic)) {
            List<TopicPartition> partitions = records.partitions(topic);
            if (partitions.isEmpty()) {
                throw new CommandFailedException(ExitCode.USAGE, "The cluster has no topic " + topic);
            }
            TopicCount count = new TopicCount(config, keys);
            partitions.forEach(partition -> records.readAll(partition, count::take));
            count.print(topic, spec.commandLine().getOut());
            return count.exitCode();
        }
    }
}
