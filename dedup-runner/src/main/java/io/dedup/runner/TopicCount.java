// SPDX-License-Identifier: Apache-2.0
package io.dedup.runner;

import io.dedup.Candidate;
import io.dedup.Coordinates;
import io.dedup.Decision;
import io.dedup.DedupPolicy;
import io.dedup.IdempotencyKey;
import io.dedup.KeyResult;
import io.dedup.MissingKey;
import io.dedup.Recollection;
import io.dedup.SeenRecord;
import io.dedup.SeenRecords;
import io.dedup.TombstonePolicy;
import io.dedup.TtlResult;
import io.dedup.Verdict;
import io.dedup.config.DedupConfig;
import io.dedup.key.Fingerprinter;
import io.dedup.key.KeyExtractor;
import io.dedup.key.RecordView;
import io.dedup.key.TtlHeader;
import java.io.PrintWriter;
import java.util.Collections;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;

/**
 * Counts the records of a topic by verdict. The verdicts are those of {@link DedupPolicy#decide}, as in the operator, with all keys
 * on disk. Nothing is late, since nothing is forgotten.
 *
 * <p>A key is conspicuous if it is on at least {@value #CONSPICUOUS_RECORDS} records and on more than one in {@value
 * #CONSPICUOUS_ONE_IN} of those that have a key: retries do not come so often, a placeholder does. How often each key comes is
 * counted on disk, so that the {@value #MAX_SHOWN} most frequent are exact, and all that is held in memory.
 *
 * <p>Confined to one thread.
 */
final class TopicCount {
    static final int CONSPICUOUS_RECORDS = 20;
    static final int CONSPICUOUS_ONE_IN = 100;
    private static final int MAX_SHOWN = 10;

    private final DedupPolicy policy;
    private final KeyExtractor extractor;
    private final Fingerprinter fingerprinter;
    private final @Nullable TtlHeader ttlHeader;
    private final boolean forwardsTombstones;
    private final DedupConfig config;
    private final Map<Verdict, Long> verdicts = new EnumMap<>(Verdict.class);
    private final Map<MissingKey.Reason, Missing> missing = new EnumMap<>(MissingKey.Reason.class);
    private final KeysOnDisk keys;
    private final SeenRecords memory = (key, time, ttl) -> Recollection.of(firstsOf(key).stream()
            .filter(first -> first.covers(time, ttl))
            .findFirst()
            .orElse(null));
    /** Of the keys with the most copies, how many. */
    private final Top copies = new Top();
    /** Of the keys on the most records, how many. */
    private final Top occurrences = new Top();

    private long records;
    private long unjudged;

    /**
     * Records without a key.
     *
     * @param example where the first of them is, and what is wrong with it
     */
    private record Missing(long records, String example) {}

    /** The largest of counts that grow by one at a time: a key is among them from the record on that makes it so. */
    private static final class Top {
        private final Map<IdempotencyKey, Long> largest = new HashMap<>();

        void take(IdempotencyKey key, long count) {
            largest.put(key, count);
            if (largest.size() > MAX_SHOWN) {
                largest.remove(Collections.min(largest.entrySet(), Map.Entry.comparingByValue())
                        .getKey());
            }
        }

        List<Map.Entry<IdempotencyKey, Long>> ranked() {
            return largest.entrySet().stream()
                    .sorted(Map.Entry.comparingByValue(Comparator.reverseOrder()))
                    .toList();
        }
    }

    TopicCount(DedupConfig config, KeysOnDisk keys) {
        this.keys = keys;
        this.config = config;
        this.policy = config.policy();
        this.extractor = config.keyExtractor();
        this.fingerprinter = config.fingerprinter();
        this.ttlHeader = config.ttlHeader()
                .map(header -> new TtlHeader(header, policy.ttl()))
                .orElse(null);
        this.forwardsTombstones = config.tombstonePolicy() == TombstonePolicy.FORWARD;
    }

    void take(ConsumerRecord<byte[], byte[]> record) {
        records++;
        if (record.value() == null && forwardsTombstones) {
            unjudged++;
            return;
        }
        RecordView view = RecordView.of(record.headers(), record.key(), record.value());
        KeyResult key = extractor.extract(view);
        Coordinates at = new Coordinates(record.topic(), record.partition(), record.offset());
        TtlResult ttl = ttlHeader == null ? null : ttlHeader.read(record.headers());
        Candidate candidate = new Candidate(key, record.timestamp(), at, fingerprinter.fingerprint(view), ttl);
        Decision decision = policy.decide(candidate, Long.MIN_VALUE, record.timestamp(), memory);
        verdicts.merge(decision.verdict(), 1L, Long::sum);
        if (key instanceof MissingKey none) {
            missing.merge(
                    none.reason(),
                    new Missing(1, none.detail() + " (" + at + ")"),
                    (before, more) -> new Missing(before.records() + 1, before.example()));
        } else if (key instanceof IdempotencyKey found) {
            count(found, decision.verdict(), candidate);
        }
    }

    private void count(IdempotencyKey key, Verdict verdict, Candidate candidate) {
        KeysOnDisk.Tally tally;
        if (verdict == Verdict.FIRST) {
            tally = keys.addFirst(key, policy.seenRecordOf(candidate));
        } else if (verdict == Verdict.DUPLICATE || verdict == Verdict.CONFLICT) {
            tally = keys.addCopy(key);
            copies.take(key, tally.copies());
        } else {
            return; // Its time or its TTL cannot be used, and says nothing of its key.
        }
        if (tally.records() >= CONSPICUOUS_RECORDS) {
            occurrences.take(key, tally.records());
        }
    }

    long of(Verdict verdict) {
        return verdicts.getOrDefault(verdict, 0L);
    }

    private long twice() {
        return of(Verdict.DUPLICATE) + of(Verdict.CONFLICT);
    }

    private long judged() {
        return of(Verdict.FIRST) + twice();
    }

    /** How the command ends that has looked at these records. */
    int exitCode() {
        if (records > 0 && judged() == 0 && !missing.isEmpty()) {
            return ExitCode.NOTHING_KNOWN;
        }
        return twice() > 0 ? ExitCode.FOUND_SOMETHING : ExitCode.DONE;
    }

    void print(String topic, PrintWriter out) {
        out.printf(Locale.ROOT, "%s: %,d records%n", topic, records);
        out.printf(Locale.ROOT, "  firsts         %,12d%n", of(Verdict.FIRST));
        out.printf(Locale.ROOT, "  duplicates     %,12d  %s%n", of(Verdict.DUPLICATE), share(of(Verdict.DUPLICATE)));
        for (Verdict verdict : List.of(Verdict.CONFLICT, Verdict.INVALID_TTL, Verdict.INVALID_TIMESTAMP)) {
            if (of(verdict) > 0) {
                out.printf(Locale.ROOT, "  %-14s %,12d  %s%n", nameOf(verdict), of(verdict), share(of(verdict)));
            }
        }
        long none = of(Verdict.MISSING_KEY);
        if (unjudged > 0) {
            out.printf(Locale.ROOT, "  tombstones     %,12d  no verdict (%s)%n", unjudged, DedupConfig.ON_TOMBSTONE);
        }
        out.printf(Locale.ROOT, "  without a key  %,12d  %s%n", none, share(none));
        missing.forEach((reason, found) ->
                out.printf(Locale.ROOT, "    %-16s %,8d  as: %s%n", reason.text(), found.records(), found.example()));
        if (twice() > 0) {
            out.println("  most often:");
            copies.ranked()
                    .forEach(entry -> out.printf(
                            Locale.ROOT,
                            "    %s  %,d more, first at %s%n",
                            entry.getKey().text(),
                            entry.getValue(),
                            firstOf(entry.getKey())));
        }
        conspicuous(out);
        out.println(summary());
        out.flush();
    }

    private static String nameOf(Verdict verdict) {
        return verdict == Verdict.CONFLICT ? "conflicts" : verdict.text();
    }

    private void conspicuous(PrintWriter out) {
        List<Map.Entry<IdempotencyKey, Long>> often = occurrences.ranked().stream()
                .filter(entry -> entry.getValue() * CONSPICUOUS_ONE_IN > judged())
                .toList();
        if (!often.isEmpty()) {
            out.println("  conspicuous, and likely no key of one operation (" + DedupConfig.KEY_PLACEHOLDERS
                    + " takes such out):");
            often.forEach(entry -> out.printf(
                    Locale.ROOT,
                    "    %s  on %,d records, %.2f %% of those with a key%n",
                    entry.getKey().text(),
                    entry.getValue(),
                    100.0 * entry.getValue() / judged()));
        }
    }

    private String summary() {
        long none = of(Verdict.MISSING_KEY);
        String source = DedupConfig.KEY + "=" + String.join(",", config.keySources());
        if (records == 0) {
            return "Empty: there is no record to look at.";
        } else if (exitCode() == ExitCode.NOTHING_KNOWN) {
            return "Nothing can be said: no record that needs a key has a usable one. See whether " + source
                    + " is where the keys are.";
        }
        String most = none * 2 > records
                ? String.format(
                        Locale.ROOT,
                        " But only %,d records have a key: see whether %s is where the keys are.",
                        judged(),
                        source)
                : "";
        return (twice() == 0
                        ? "Clean: no duplicate within " + policy.ttl() + "."
                        : "Not clean: dedup would keep back " + share(twice()) + " of it.")
                + most;
    }

    private List<SeenRecord> firstsOf(IdempotencyKey key) {
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
