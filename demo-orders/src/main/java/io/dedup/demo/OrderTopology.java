// SPDX-License-Identifier: Apache-2.0
package io.dedup.demo;

import io.dedup.Mode;
import io.dedup.Partitioning;
import io.dedup.demo.ledger.Ledger;
import io.dedup.demo.ledger.LedgerProcessor;
import io.dedup.demo.traffic.OperationKey;
import io.dedup.demo.traffic.Topics;
import io.dedup.key.Fingerprinter;
import io.dedup.streams.Dedup;
import java.time.Duration;
import java.util.List;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.Produced;

/**
 * The application: orders and payments are deduplicated, booked, and passed on.
 *
 * <pre>
 * orders   ─ by key ─ orders-dedup   ┬─ ledger
 *                                    └─ orders.unique
 * payments ─ by key ─ payments-dedup ┬─ ledger
 *                                    └─ payments.unique
 * </pre>
 *
 * An order is retried under a new record key, and so on another partition: the operator brings equal idempotency keys
 * together. Duplicates and dead letters of both go to a topic each.
 */
final class OrderTopology {
    /** What a retry has in common with its original: the amount, the currency, and what is paid for. */
    private static final Fingerprinter SAME_REQUEST =
            Fingerprinter.fields(List.of("/amountCents", "/currency", "/orderId"));

    private OrderTopology() {}

    /** The topics in which equal idempotency keys meet. */
    static List<String> repartitionTopics(String applicationId) {
        return Topics.INPUTS.stream()
                .map(topic -> applicationId + "-" + dedupName(topic) + "-repartition")
                .toList();
    }

    private static String dedupName(String topic) {
        return topic + "-dedup";
    }

    /** The operator of that topic. */
    static Dedup dedup(String topic, Duration ttl, Mode mode) {
        return Dedup.by(OperationKey.extractor())
                .within(ttl)
                .withMode(mode)
                .withFingerprint(SAME_REQUEST)
                .withDuplicatesTopic(Topics.DUPLICATES)
                .withPartitioning(Partitioning.BY_KEY)
                .withName(dedupName(topic));
    }

    static Topology build(Duration ttl, Mode mode, Ledger ledger) {
        StreamsBuilder builder = new StreamsBuilder();
        for (String topic : Topics.INPUTS) {
            KStream<byte[], byte[]> received =
                    builder.stream(topic, Consumed.with(Serdes.ByteArray(), Serdes.ByteArray()));
            // One after the other: of what could not be booked and is sent again, nothing has been done before.
            dedup(topic, ttl, mode)
                    .apply(received)
                    .processValues(() -> new LedgerProcessor(ledger, topic))
                    .to(Topics.unique(topic), Produced.with(Serdes.ByteArray(), Serdes.ByteArray()));
        }
        return builder.build();
    }
}
