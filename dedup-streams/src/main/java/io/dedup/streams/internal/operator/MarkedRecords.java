// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.operator;

import io.dedup.DedupHeaders;
import io.dedup.Partitioning;
import io.dedup.streams.errors.DedupTimestampExtractor;
import io.dedup.streams.internal.Marks;
import io.dedup.streams.internal.Origin;
import io.dedup.streams.internal.Records;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;

/**
 * Records with the headers and the time that they leave the operator with.
 *
 * <p>Confined to the stream thread.
 *
 * @param <R> the kind of record
 */
final class MarkedRecords<R> {
    private final DedupSettings settings;
    private final Records<R, ?> records;

    MarkedRecords(DedupSettings settings, Records<R, ?> records) {
        this.settings = settings;
        this.records = records;
    }

    /** The record as it was before it went through our repartition topic, if it did; else itself. */
    R untouched(R record, Headers headers, long timestamp) {
        if (settings.partitioning() == Partitioning.AS_IS && timestamp >= 0) {
            return record;
        }
        Headers clean = new RecordHeaders(headers).remove(Origin.HEADER).remove(DedupTimestampExtractor.INVALID);
        return records.rewrite(record, clean, Math.max(0, timestamp));
    }

    /** The record with headers that say what was decided. */
    R marked(R record, Headers headers, DecidedRecord decided) {
        return records.rewrite(
                record,
                Marks.merged(headers, decided.marks(settings.name())),
                // Kafka Streams takes no negative time.
                Math.max(0, decided.origin().timestamp()));
    }

    /** The record as it came, without marks that this operator made before the record was sent again. */
    R unmarked(R record, Headers headers, DecidedRecord decided) {
        long timestamp = decided.origin().timestamp();
        if (Marks.isMarkedBy(settings.name(), headers)) {
            return records.rewrite(record, Marks.without(headers), timestamp);
        }
        // A mark of another writer must not present what mapOnce makes as a stored outcome.
        if (settings.storesOutcomes() && headers.lastHeader(DedupHeaders.REPLAYED) != null) {
            Headers cleaned =
                    new RecordHeaders(headers).remove(DedupHeaders.REPLAYED).remove(Origin.HEADER);
            return records.rewrite(record, cleaned, timestamp);
        }
        return untouched(record, headers, timestamp);
    }

    /** The record with headers that say that it is answered with the outcome of its first. */
    R replayed(R record, Headers headers, DecidedRecord decided) {
        Headers marks = Marks.replayed(decided.marks(settings.name()));
        return records.rewrite(
                record, Marks.merged(headers, marks), decided.origin().timestamp());
    }
}
