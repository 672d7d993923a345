// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.changelog;

import io.dedup.Candidate;
import io.dedup.Coordinates;
import io.dedup.Fingerprint;
import io.dedup.IdempotencyKey;
import io.dedup.InvalidTtl;
import io.dedup.Partitioning;
import io.dedup.TtlResult;
import io.dedup.key.RecordView;
import io.dedup.key.TtlHeader;
import io.dedup.streams.internal.KeyPartitioner;
import io.dedup.streams.internal.operator.DedupSettings;
import io.dedup.streams.internal.store.SeedLog;
import java.time.Clock;
import java.util.Set;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.serialization.Serde;
import org.jspecify.annotations.Nullable;

/** Remembers records that have been processed, as the operator would have. Confined to one thread. */
public final class ChangelogSeeder {
    private final DedupSettings settings;
    private final boolean everywhere;
    private final boolean fingerprints;
    private final Set<Coordinates> leftOut;
    private final SeedLog log;
    private final int partitions;
    private final Clock clock;
    private final @Nullable TtlHeader ttlHeader;
    private long read;
    private long remembered;

    /**
     * @param everywhere whether every partition is to remember every key
     * @param fingerprints whether the records are those that the operator sees, so that their payloads can be compared
     * @param leftOut records that were not processed
     */
    public ChangelogSeeder(
            DedupSettings settings,
            boolean everywhere,
            boolean fingerprints,
            Set<Coordinates> leftOut,
            SeedLog log,
            int partitions,
            Clock clock) {
        this.settings = settings;
        this.everywhere = everywhere;
        this.fingerprints = fingerprints && settings.valueSerde() != null;
        this.leftOut = leftOut;
        this.log = log;
        this.partitions = partitions;
        this.clock = clock;
        String header = settings.ttlHeader();
        this.ttlHeader =
                header == null ? null : new TtlHeader(header, settings.policy().ttl());
    }

    /**
     * Remembers a record that has been processed, if it can be.
     *
     * @param topic the topic that the operator sees
     */
    public void take(ConsumerRecord<byte[], byte[]> record, String topic) {
        read++;
        long now = clock.millis();
        RecordView view = RecordView.lazily(
                record.headers(),
                () -> asSeen(record, record.key(), settings.keySerde()),
                () -> asSeen(record, record.value(), settings.valueSerde()));
        TtlResult ttl = ttlHeader == null ? null : ttlHeader.read(record.headers());
        boolean usable = record.timestamp() >= 0
                && !settings.policy().isFuture(record.timestamp(), now)
                && !(ttl instanceof InvalidTtl)
                && !settings.passesUnjudged(record.value())
                && !leftOut.contains(at(record));
        try {
            if (usable && settings.keyExtractor().extract(view) instanceof IdempotencyKey key) {
                Fingerprint print = fingerprints ? settings.fingerprinter().fingerprint(view) : null;
                remember(record, topic, new Candidate(key, record.timestamp(), at(record), print, ttl), key, now);
            }
        } catch (SerializationException unreadable) {
            throw new IllegalStateException(
                    "The record at " + at(record) + " cannot be read with the operator's serdes", unreadable);
        }
    }

    private void remember(
            ConsumerRecord<byte[], byte[]> record, String topic, Candidate candidate, IdempotencyKey key, long now) {
        String scope = settings.scope().nameFor(topic);
        for (int partition : whereToAsk(record, key)) {
            log.remember(
                    partition,
                    scope,
                    key,
                    settings.policy().seenRecordOf(candidate).asSettled(),
                    now);
        }
        remembered++;
    }

    private static Coordinates at(ConsumerRecord<?, ?> record) {
        return new Coordinates(record.topic(), record.partition(), record.offset());
    }

    /** The bytes as the operator sees them: read and written again, which need not give what stands in the topic. */
    private static byte @Nullable [] asSeen(
            ConsumerRecord<?, ?> record, byte @Nullable [] bytes, @Nullable Serde<?> serde) {
        return bytes == null || serde == null ? bytes : again(record, bytes, serde);
    }

    private static <T> byte[] again(ConsumerRecord<?, ?> record, byte[] bytes, Serde<T> serde) {
        T object = serde.deserializer().deserialize(record.topic(), record.headers(), bytes);
        return serde.serializer().serialize(record.topic(), object);
    }

    /** The partitions on which a duplicate may come. */
    private int[] whereToAsk(ConsumerRecord<byte[], byte[]> record, IdempotencyKey key) {
        if (settings.partitioning() == Partitioning.BY_KEY) {
            return new int[] {KeyPartitioner.partition(key.value(), partitions)};
        }
        return everywhere ? IntStream.range(0, partitions).toArray() : new int[] {record.partition()};
    }

    /** How many records were read. */
    public long read() {
        return read;
    }

    /** How many of them are remembered. */
    public long remembered() {
        return remembered;
    }
}
