// SPDX-License-Identifier: Apache-2.0
package io.dedup.demo.report;

import io.dedup.DedupHeaders;
import io.dedup.demo.traffic.Operation;
import io.dedup.demo.traffic.OperationJson;
import io.dedup.demo.traffic.Topics;
import io.dedup.demo.traffic.Truth;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Header;

/**
 * What came out of a run: counted from the topics, where transactions make the numbers exact, and from the ledger.
 *
 * <p>Confined to one thread.
 */
public final class Outcome {
    private final Map<Truth.Entry, Integer> ledger;
    private final Map<String, Integer> deadLettersByReason = new TreeMap<>();
    private final Map<String, Long> doubleChargeCents = new TreeMap<>();
    private int firsts;
    private int duplicates;
    private int deadLetters;

    /**
     * An outcome to which output records are yet to be added.
     *
     * @param ledger how often each entry stands there
     */
    public Outcome(Map<Truth.Entry, Integer> ledger) {
        this.ledger = Map.copyOf(ledger);
    }

    /** Counts a record of one of the output topics. */
    public void add(ConsumerRecord<byte[], byte[]> record) {
        switch (record.topic()) {
            case Topics.DUPLICATES -> {
                duplicates++;
                Operation operation = OperationJson.read(record.value());
                doubleChargeCents.merge(operation.currency(), operation.amountCents(), Long::sum);
            }
            case Topics.DEAD_LETTERS -> {
                deadLetters++;
                deadLettersByReason.merge(reason(record), 1, Integer::sum);
            }
            default -> firsts++;
        }
    }

    private static String reason(ConsumerRecord<?, ?> record) {
        Header reason = record.headers().lastHeader(DedupHeaders.REASON);
        return reason == null ? "unknown" : new String(reason.value(), StandardCharsets.UTF_8);
    }

    Map<Truth.Entry, Integer> ledger() {
        return ledger;
    }

    int ledgerEntries() {
        return ledger.values().stream().mapToInt(Integer::intValue).sum();
    }

    int firsts() {
        return firsts;
    }

    int duplicates() {
        return duplicates;
    }

    int deadLetters() {
        return deadLetters;
    }

    Map<String, Integer> deadLettersByReason() {
        return deadLettersByReason;
    }

    /** How many dead letters have a reason that starts so. */
    int deadLetters(String reason) {
        return deadLettersByReason.entrySet().stream()
                .filter(entry -> entry.getKey().startsWith(reason))
                .mapToInt(Map.Entry::getValue)
                .sum();
    }

    Map<String, Long> doubleChargeCents() {
        return doubleChargeCents;
    }
}
