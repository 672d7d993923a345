// SPDX-License-Identifier: Apache-2.0
package io.dedup.runner;

import io.dedup.Candidate;
import io.dedup.Coordinates;
import io.dedup.DedupPolicy;
import io.dedup.IdempotencyKey;
import io.dedup.Judgement;
import io.dedup.KeyResult;
import io.dedup.Memory;
import io.dedup.Recollection;
import io.dedup.Sighting;
import io.dedup.TombstonePolicy;
import io.dedup.TtlResult;
import io.dedup.Verdict;
import io.dedup.config.DedupConfig;
import io.dedup.key.KeyExtractor;
import io.dedup.key.RecordView;
import io.dedup.key.TtlHeader;
import io.dedup.streams.CommittedRecords;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.apache.kafka.clients.consumer.ConsumerRecord;
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
                    + "kept in a temporary directory. Exit code 5 if there are duplicates."
        })
final class VerifyCommand implements Callable<Integer> {
    private static final int WORST = 10;

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
                throw new EndedException(ExitCode.USAGE, "The cluster has no topic " + topic);
            }
            Count count = new Count(config, keys);
            partitions.forEach(partition -> records.readAll(partition, count::take));
            count.print(topic, spec.commandLine().getOut());
            long twice = count.of(Verdict.DUPLICATE) + count.of(Verdict.CONFLICT);
            return twice > 0 ? ExitCode.FOUND_SOMETHING : ExitCode.DONE;
        }
    }

    /** Judges as the operator does, with all keys on disk. Nothing is late, since nothing is forgotten. */
    private static final class Count {
        private final DedupPolicy policy;
        private final KeyExtractor extractor;
        private final DedupConfig config;
        private final Map<Verdict, Long> verdicts = new EnumMap<>(Verdict.class);
        private final KeysOnDisk keys;
        private final Memory memory = (key, time, ttl) -> Recollection.of(firstsOf(key).stream()
                .filter(first -> first.covers(time, ttl))
                .findFirst()
                .orElse(null));
        /** Of the keys with the most copies, how many. */
        private final Map<IdempotencyKey, Long> worst = new HashMap<>();

        private long records;

        Count(DedupConfig config, KeysOnDisk keys) {
            this.keys = keys;
            this.config = config;
            this.policy = config.policy();
            this.extractor = config.keyExtractor();
        }

        void take(ConsumerRecord<byte[], byte[]> record) {
            records++;
            if (record.value() == null && config.tombstonePolicy() == TombstonePolicy.FORWARD) {
                return;
            }
            RecordView view = RecordView.of(record.headers(), record.key(), record.value());
            KeyResult key = extractor.extract(view);
            Coordinates at = new Coordinates(record.topic(), record.partition(), record.offset());
            TtlResult ttl = config.ttlHeader()
                    .map(header -> new TtlHeader(header, policy.ttl()).read(record.headers()))
                    .orElse(null);
            Candidate candidate = new Candidate(
                    key, record.timestamp(), at, config.fingerprinter().fingerprint(view), ttl);
            Judgement judgement = policy.judge(candidate, Long.MIN_VALUE, record.timestamp(), memory);
            verdicts.merge(judgement.verdict(), 1L, Long::sum);
            if (key instanceof IdempotencyKey found) {
                if (judgement.verdict() == Verdict.FIRST) {
                    keys.addFirst(found, policy.sightingOf(candidate));
                } else {
                    rank(found, keys.addCopy(found));
                }
            }
        }

        /** A count grows by one at a time, so that a key is among the worst from the copy on that makes it so. */
        private void rank(IdempotencyKey key, long copies) {
            worst.put(key, copies);
            if (worst.size() > WORST) {
                worst.remove(Collections.min(worst.entrySet(), Map.Entry.comparingByValue())
                        .getKey());
            }
        }

        long of(Verdict verdict) {
            return verdicts.getOrDefault(verdict, 0L);
        }

        void print(String topic, PrintWriter out) {
            long twice = of(Verdict.DUPLICATE) + of(Verdict.CONFLICT);
            out.printf(Locale.ROOT, "%s: %,d records%n", topic, records);
            out.printf(Locale.ROOT, "  firsts         %,12d%n", of(Verdict.FIRST));
            out.printf(
                    Locale.ROOT, "  duplicates     %,12d  %s%n", of(Verdict.DUPLICATE), share(of(Verdict.DUPLICATE)));
            if (of(Verdict.CONFLICT) > 0) {
                out.printf(
                        Locale.ROOT, "  conflicts      %,12d  %s%n", of(Verdict.CONFLICT), share(of(Verdict.CONFLICT)));
            }
            out.printf(
                    Locale.ROOT,
                    "  without a key  %,12d  %s%n",
                    of(Verdict.MISSING_KEY),
                    share(of(Verdict.MISSING_KEY)));
            if (twice > 0) {
                out.println("  most often:");
                worst.entrySet().stream()
                        .sorted(Map.Entry.<IdempotencyKey, Long>comparingByValue(Comparator.reverseOrder()))
                        .forEach(entry -> out.printf(
                                Locale.ROOT,
                                "    %s  %,d more, first at %s%n",
                                entry.getKey().text(),
                                entry.getValue(),
                                firstOf(entry.getKey())));
            }
            out.println(
                    twice == 0
                            ? "Clean: no duplicate within " + policy.ttl() + "."
                            : "Not clean: dedup would keep back " + share(twice) + " of it.");
            out.flush();
        }

        private List<Sighting> firstsOf(IdempotencyKey key) {
            return keys.of(key).firsts();
        }

        private String firstOf(IdempotencyKey key) {
            return firstsOf(key).stream()
                    .map(first -> String.valueOf(first.coordinates()))
                    .findFirst()
                    .orElse("?");
        }

        private String share(long part) {
            return records == 0 ? "" : String.format(Locale.ROOT, "%.2f %%", 100.0 * part / records);
        }
    }
}
