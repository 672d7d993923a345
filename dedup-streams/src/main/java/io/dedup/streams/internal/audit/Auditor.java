// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.audit;

import io.dedup.Coordinates;
import io.dedup.RecordTtl;
import io.dedup.SeenRecord;
import io.dedup.key.TtlHeader;
import io.dedup.streams.internal.Origin;
import io.dedup.streams.internal.operator.ChangelogCheck;
import io.dedup.streams.internal.operator.DedupSettings;
import io.dedup.streams.internal.store.SeenStore;
import java.time.Duration;
import java.util.Objects;
import org.apache.kafka.common.metrics.Sensor;
import org.apache.kafka.common.metrics.Sensor.RecordingLevel;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reports sampled keys that were seen on two partitions within the TTL: the operator, which sees one partition at a time,
 * has taken the second for a first.
 *
 * <p>Confined to the stream thread.
 */
final class Auditor implements Processor<byte[], byte[], Void, Void> {
    private static final Logger LOGGER = LoggerFactory.getLogger(Auditor.class);
    private static final long LOG_EVERY = Duration.ofMinutes(1).toMillis();

    private final DedupSettings settings;
    private @Nullable ProcessorContext<Void, Void> context;
    private @Nullable SeenStore store;
    private @Nullable ChangelogCheck changelog;
    private @Nullable Sensor splitKeys;
    private long loggedAt = Long.MIN_VALUE / 2;

    Auditor(DedupSettings settings) {
        this.settings = settings;
    }

    @Override
    public void init(ProcessorContext<Void, Void> newContext) {
        context = newContext;
        changelog = ChangelogCheck.start(
                settings, settings.auditChangelog(newContext.applicationId()), newContext.appConfigs());
        store = SeenStore.open(
                newContext,
                settings.auditStoreName(),
                settings.policy(),
                settings.waiting(),
                false,
                settings.definition());
        String node = settings.name() + "-audit";
        splitKeys = newContext
                .metrics()
                .addRateTotalSensor(
                        "dedup",
                        node + "." + newContext.taskId(),
                        "split-keys",
                        RecordingLevel.INFO,
                        "task-id",
                        newContext.taskId().toString(),
                        "processor-node-id",
                        node);
    }

    @Override
    public void process(Record<byte[], byte[]> record) {
        SeenStore seen = Objects.requireNonNull(store, "process before init");
        Objects.requireNonNull(changelog).throwIfUnusable();
        long now = Objects.requireNonNull(context).currentSystemTimeMs();
        Origin origin = Origin.decode(record.value());
        Coordinates here = Objects.requireNonNull(origin.coordinates(), "a sample without coordinates");
        long time = origin.timestamp();
        Bytes key = Bytes.wrap(record.key());
        long ttl = ttlOf(record);
        SeenStore.Recalled recalled = seen.recall(key, time, ttl, here);
        SeenRecord first = recalled.first();
        seen.advance(here, time, now);
        Coordinates there = first == null ? null : first.coordinates();
        if (there == null) {
            seen.remember(recalled, new SeenRecord(time, time + ttl, here, null), now);
        } else if (there.partition() != here.partition()) {
            report(there, here, now);
        }
    }

    private long ttlOf(Record<?, ?> record) {
        String header = settings.ttlHeader();
        Duration longest = settings.policy().ttl();
        return header != null && new TtlHeader(header, longest).read(record.headers()) instanceof RecordTtl own
                ? own.millis()
                : longest.toMillis();
    }

    private void report(Coordinates there, Coordinates here, long now) {
        Objects.requireNonNull(splitKeys).record();
        if (now - loggedAt >= LOG_EVERY) {
            loggedAt = now;
            LOGGER.warn(
                    "{} has missed a duplicate: one idempotency key is at {} and at {}, on different partitions. Let the"
                            + " producer partition by idempotency key, or set dedup.partitioning=by-key. Others are counted"
                            + " in split-keys-total and not logged for a minute",
                    settings.name(),
                    there,
                    here);
        }
    }

    @Override
    public void close() {
        if (context != null && splitKeys != null) {
            context.metrics().removeSensor(splitKeys);
        }
        if (store != null) {
            store.close();
        }
    }
}
