// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.store;

import io.dedup.DedupPolicy;
import io.dedup.streams.internal.store.format.Buckets;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;
import org.apache.kafka.streams.state.TimestampedWindowStore;

/** Builders of stores for seen records, and how their changelog topics are made. */
public final class SeenStores {
    private static final String UNLIMITED = "-1";

    private SeenStores() {}

    /**
     * Builds the store to be added to a topology: no cache, a changelog, and a retention that follows the policy.
     *
     * @param changelog settings of the changelog topic that count instead of ours
     * @throws IllegalArgumentException if the topic would keep less than is remembered
     */
    public static StoreBuilder<TimestampedWindowStore<Bytes, byte[]>> builder(
            String name, BucketStoreSuppliers engine, DedupPolicy policy, Map<String, String> changelog) {
        Buckets buckets = Buckets.of(policy);
        String kept = changelog.get(TopicConfig.RETENTION_MS_CONFIG);
        if (kept != null
                && !kept.equals(UNLIMITED)
                && Long.parseLong(kept) < buckets.retention().toMillis()) {
            throw new IllegalArgumentException("retention.ms of the changelog must be at least "
                    + buckets.retention().toMillis() + ", as long as what is remembered is needed: " + kept);
        }
        Map<String, String> topic = new HashMap<>(changelogConfigs(policy));
        topic.putAll(changelog);
        return Stores.timestampedWindowStoreBuilder(
                        engine.supplier(name, buckets.retention(), buckets.window()),
                        Serdes.Bytes(),
                        Serdes.ByteArray())
                .withLoggingEnabled(topic)
                .withCachingDisabled();
    }

    /** How long what is remembered is needed after it was written, where stream time advances with the clock. */
    public static Duration retention(DedupPolicy policy) {
        return Buckets.of(policy).retention();
    }

    /** For how much event time a first is held on a machine at most: those of a bucket are forgotten together. */
    public static Duration held(DedupPolicy policy) {
        Buckets buckets = Buckets.of(policy);
        return Duration.ofMillis(buckets.width() + buckets.ttlMs() + buckets.latenessMs());
    }

    /**
     * How the changelog topic is made where it differs from that of other windowed stores. Batches have no keys that could be
     * compacted; and a file that is not full is deleted too, so that a short TTL does not restore what is long gone.
     */
    public static Map<String, String> changelogConfigs(DedupPolicy policy) {
        return Map.of(
                TopicConfig.CLEANUP_POLICY_CONFIG,
                TopicConfig.CLEANUP_POLICY_DELETE,
                // Of a broker that bounds topics by size.
                TopicConfig.RETENTION_BYTES_CONFIG,
                UNLIMITED,
                TopicConfig.SEGMENT_MS_CONFIG,
                Long.toString(Buckets.of(policy).changelogSegment().toMillis()));
    }
}
