// SPDX-License-Identifier: Apache-2.0
package io.dedup.runner;

import io.dedup.IdempotencyKey;
import io.dedup.KeyResult;
import io.dedup.MissingKey;
import io.dedup.TombstonePolicy;
import io.dedup.config.ConfigProblem;
import io.dedup.config.ConfigProblem.Code;
import io.dedup.config.DedupConfig;
import io.dedup.key.KeyExtractor;
import io.dedup.key.KeyExtractors;
import io.dedup.key.RecordView;
import io.dedup.streams.internal.changelog.CommittedRecords;
import java.io.PrintWriter;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.streams.StreamsConfig;

/** How many of the last records of a topic have a key, and what is odd about those that are there. Confined to one thread. */
final class KeySample {
    private static final int EXAMPLES = 2;
    /** Transaction markers and rolled-back records take offsets as well. */
    private static final int OFFSETS_A_RECORD = 4;

    private final String topic;
    private final boolean forwardsTombstones;
    private final boolean readsKeysAsTheyAre;
    private final KeyExtractor together;
    private final List<Source> sources = new ArrayList<>();
    private int records;
    private int usable;
    private int tombstones;
    private int framed;
    private int framedKeys;

    private KeySample(String topic, DedupConfig config) {
        this.topic = topic;
        this.forwardsTombstones = config.tombstonePolicy() == TombstonePolicy.FORWARD;
        this.together = config.keyExtractor();
        this.readsKeysAsTheyAre =
                List.of(config.keyDefinition().split(",| \\+ ")).contains("record-key");
        config.eachKeySource().forEach((text, extractor) -> sources.add(new Source(text, extractor)));
    }

    /**
     * Reads about as many of the last committed records, some from each partition.
     *
     * @throws org.apache.kafka.common.KafkaException if the cluster does not answer
     */
    static KeySample read(Properties application, DedupConfig config, String topic, int records) {
        KeySample sample = new KeySample(topic, config);
        try (CommittedRecords reader = new CommittedRecords(new StreamsConfig(application), "dedup-sample")) {
            List<TopicPartition> partitions = reader.partitions(topic);
            int each = Math.max(1, records / Math.max(1, partitions.size()));
            for (TopicPartition partition : partitions) {
                Deque<ConsumerRecord<byte[], byte[]>> last = new ArrayDeque<>();
                long end = reader.end(partition);
                long from = Math.max(reader.start(partition), end - (long) each * OFFSETS_A_RECORD);
                reader.read(partition, from, end, record -> {
                    last.add(record);
                    if (last.size() > each) {
                        last.remove();
                    }
                });
                last.forEach(sample::take);
            }
        }
        return sample;
    }

    private void take(ConsumerRecord<byte[], byte[]> record) {
        records++;
        byte[] value = record.value();
        if (value == null) {
            tombstones++;
            if (forwardsTombstones) {
                return;
            }
        } else if (KeyExtractors.isFramed(value)) {
            framed++;
        }
        if (readsKeysAsTheyAre && record.key() != null && KeyExtractors.isFramed(record.key())) {
            framedKeys++;
        }
        RecordView view = RecordView.of(record.headers(), record.key(), value);
        if (together.extract(view) instanceof IdempotencyKey) {
            usable++;
        }
        sources.forEach(source -> source.take(view));
    }

    /** That no record has a key, where there are records that need one. */
    Optional<ConfigProblem> problem() {
        int judged = judged();
        return judged == 0 || usable > 0
                ? Optional.empty()
                : Optional.of(new ConfigProblem(
                        Code.NO_KEY_IN_SAMPLE,
                        DedupConfig.KEY,
                        String.join(
                                ",", sources.stream().map(source -> source.text).toList()),
                        "None of " + judged + " records of " + topic + " has a key there",
                        "Name where the sender puts it; docs/keys.md has the sources"));
    }

    private int judged() {
        return forwardsTombstones ? records - tombstones : records;
    }

    void print(PrintWriter out) {
        out.printf(
                Locale.ROOT,
                "%s: %,d of the last %,d %s have a key%s%n",
                topic,
                usable,
                judged(),
                judged() == records ? "records" : "records that need a key",
                judged() == 0 ? "" : String.format(Locale.ROOT, " (%.1f %%)", 100.0 * usable / judged()));
        sources.forEach(source -> source.print(out));
        if (tombstones > 0) {
            out.printf(
                    Locale.ROOT,
                    "  odd: %,d tombstones, which %s (%s)%n",
                    tombstones,
                    forwardsTombstones
                            ? "pass without a verdict"
                            : "get a verdict, and are dropped as duplicates where their key is known",
                    DedupConfig.ON_TOMBSTONE);
        }
        if (framed > 0) {
            out.printf(
                    Locale.ROOT,
                    "  odd: %,d values begin as serializers of a schema registry write them: a fingerprint over the whole"
                            + " value should be framed-value (%s)%n",
                    framed,
                    DedupConfig.FINGERPRINT);
        }
        if (framedKeys > 0) {
            out.printf(
                    Locale.ROOT,
                    "  odd: %,d record keys begin as serializers of a schema registry write them, with a number that changes when"
                            + " the schema is registered again: record-key|unframed leaves it out%n",
                    framedKeys);
        }
        out.flush();
    }

    /** What one source of {@code dedup.key} finds. */
    private static final class Source {
        private final String text;
        private final KeyExtractor extractor;
        private final Map<String, Integer> respelt = new LinkedHashMap<>();
        private final Map<MissingKey.Reason, Integer> missing = new TreeMap<>();
        private final Map<MissingKey.Reason, String> details = new TreeMap<>();
        private final Set<String> examples = new LinkedHashSet<>();
        private int found;

        Source(String text, KeyExtractor extractor) {
            this.text = text;
            this.extractor = extractor;
        }

        void take(RecordView view) {
            KeyResult result = extractor.extract(view);
            if (result instanceof MissingKey absent) {
                missing.merge(absent.reason(), 1, Integer::sum);
                details.putIfAbsent(absent.reason(), absent.detail());
                return;
            }
            found++;
            IdempotencyKey key = result.orElseThrow();
            if (examples.size() < EXAMPLES) {
                examples.add(key.text());
            }
            KeyExtractors.respellings(key).forEach(normalizer -> respelt.merge(normalizer, 1, Integer::sum));
        }

        void print(PrintWriter out) {
            out.printf(
                    Locale.ROOT,
                    "  %s: %,d%s%n",
                    text,
                    found,
                    examples.isEmpty() ? "" : ", as " + String.join(" and ", examples));
            missing.forEach((reason, count) ->
                    out.printf(Locale.ROOT, "    %,d %s: %s%n", count, reason.text(), details.get(reason)));
            respelt.forEach((normalizer, count) -> out.printf(
                    Locale.ROOT, "    odd: %,d would be spelled in another way by |%s%n", count, normalizer));
        }
    }
}
