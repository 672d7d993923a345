// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams;

import io.dedup.Candidate;
import io.dedup.Coordinates;
import io.dedup.IdempotencyKey;
import io.dedup.InvalidTtl;
import io.dedup.Partitioning;
import io.dedup.Sighting;
import io.dedup.TtlResult;
import io.dedup.key.RecordView;
import io.dedup.key.TtlHeader;
import io.dedup.streams.store.SeedLog;
import java.time.Clock;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.streams.KeyValue;
import org.jspecify.annotations.Nullable;

/** Turns processed records into records of the changelog. Confined to one thread. */
final class Seeding {
    private final DedupSettings settings;
    private final boolean everywhere;
    private final Producer<byte[], byte[]> producer;
    private final String changelog;
    private final int partitions;
    private final Clock clock;
    private final @Nullable TtlHeader ttlHeader;
    private final Map<Integer, SeedLog> logs = new TreeMap<>();
    private long read;
    private long remembered;

    Seeding(
            DedupSettings settings,
            boolean everywhere,
            Producer<byte[], byte[]> producer,
            String changelog,
            int partitions,
            Clock clock) {
        this.settings = settings;
        this.everywhere = everywhere;
        this.producer = producer;
        this.changelog = changelog;
        this.partitions = partitions;
        this.clock = clock;
        String header = settings.ttlHeader();
        this.ttlHeader =
                header == null ? null : new TtlHeader(header, settings.policy().ttl());
    }

    /**
     * Remembers a record that has been processed, if it can be.
     *
     * @param topic the topic that the operator will see
     */
    void take(ConsumerRecord<byte[], byte[]> record, String topic) {
        read++;
        long now = clock.millis();
        RecordView view = RecordView.of(record.headers(), record.key(), record.value());
        TtlResult ttl = ttlHeader == null ? null : ttlHeader.read(record.headers());
        boolean usable = !settings.policy().isFuture(record.timestamp(), now) && !(ttl instanceof InvalidTtl);
        if (usable && settings.keyExtractor().extract(view) instanceof IdempotencyKey key) {
            Sighting first = settings.policy()
                    .sightingOf(new Candidate(
                            key,
                            record.timestamp(),
                            new Coordinates(record.topic(), record.partition(), record.offset()),
                            settings.fingerprinter().fingerprint(view),
                            ttl));
            for (int partition : whereToAsk(record, key)) {
                SeedLog log = logs.computeIfAbsent(partition, unseen -> new SeedLog(settings.policy()));
                send(partition, now, log.remember(settings.scope().nameFor(topic), key, first, now));
            }
            remembered++;
        }
    }

    /** The partitions on which a duplicate may come. */
    private int[] whereToAsk(ConsumerRecord<byte[], byte[]> record, IdempotencyKey key) {
        if (settings.partitioning() == Partitioning.BY_KEY) {
            return new int[] {KeyPartitioner.partition(key.value(), partitions)};
        }
        return everywhere ? IntStream.range(0, partitions).toArray() : new int[] {record.partition()};
    }

    /** Writes the rest, to be called once. */
    WarmStart.Seeded finish() {
        logs.forEach((partition, log) -> send(partition, clock.millis(), log.note()));
        producer.flush();
        return new WarmStart.Seeded(read, remembered);
    }

    @SuppressWarnings("FutureReturnValueIgnored") // a failed send fails the commit of the transaction
    private void send(int partition, long now, KeyValue<byte[], byte[]> entry) {
        producer.send(new ProducerRecord<>(changelog, partition, now, entry.key, entry.value));
    }
}
