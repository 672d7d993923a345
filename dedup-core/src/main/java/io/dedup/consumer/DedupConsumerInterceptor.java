// SPDX-License-Identifier: Apache-2.0
package io.dedup.consumer;

import io.dedup.Mode;
import io.dedup.Verdict;
import io.dedup.config.DedupConfig;
import io.dedup.internal.metrics.InterceptorCounts;
import io.dedup.store.IdempotencyStore;
import io.dedup.store.memory.MemoryIdempotencyStore;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerInterceptor;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps duplicates from a consumer, by configuration alone:
 *
 * <pre>
 * interceptor.classes=io.dedup.consumer.DedupConsumerInterceptor
 * dedup.consumer.store=jdbc:postgresql://localhost/orders
 * </pre>
 *
 * <p>The first record with a key is passed on, and remembered with its coordinates; records with the same key at other
 * coordinates are left out for {@code dedup.ttl.ms} from then, by the store's clock. A record that was passed on and whose
 * offset was not committed is read again at the same coordinates, by any member of the group, and passes again.
 *
 * <p>An interceptor does not see whether a record is processed, and cannot commit. So it is for operations that are repeated until
 * they succeed, and there are cases that only {@link IdempotentConsumer} has right:
 *
 * <ul>
 *   <li>A first that the application gives up, or that compaction, retention or a new topic of the same name takes away before it
 *       was processed, leaves its key behind: copies are left out until the TTL is over.
 *   <li>Duplicates at the very end of a partition are left out but not committed where the application commits what it was
 *       given, as Spring does. After a pause longer than the TTL they are read again, and pass.
 *   <li>A duplicate can overtake its first where they are on different partitions.
 * </ul>
 *
 * <p>A copy in a retry topic or a dead-letter topic is the record that it was made of, and passes again: those of Spring's
 * retry topics and {@code DeadLetterPublishingRecoverer}, and those of {@link IdempotentConsumer}, say in their headers where that
 * was read, and by which group.
 *
 * <p>Where producers use transactions the consumer has to read committed records only ({@code
 * isolation.level=read_committed}); the interceptor warns if it does not.
 *
 * <p>The keys of a poll are claimed together, in one call of the store or, where a key is there more than once, in two.
 *
 * <p>While the store is away nothing is passed on: {@code poll} waits, and says so in the log and as {@code blocked}. If that
 * takes longer than {@code max.poll.interval.ms} the member loses its partitions, and reads the same records again.
 *
 * <p>What it cannot protect it passes on, counts as {@code unprotected-total} and logs: records without a key (unless {@code
 * dedup.on.missing.key=drop}), keys in values that are neither bytes nor text, and everything if the thread is interrupted
 * while the store is away. A key with another payload is passed on and counted as a conflict (unless {@code
 * dedup.on.conflict=drop}). With {@code dedup.mode=observe} duplicates
 * are counted and passed on, and {@code poll} never waits for the store; with {@code off} there is none.
 *
 * <p>Its counts are in JMX, {@code kafka.consumer:type=dedup-interceptor-metrics,client-id=…}; those of {@link
 * MonitoredDedupConsumerInterceptor} are among the consumer's own metrics. Works with kafka-clients from 3.9 on.
 *
 * <p>Confined to the thread of the consumer.
 */
public sealed class DedupConsumerInterceptor implements ConsumerInterceptor<Object, Object>
        permits MonitoredDedupConsumerInterceptor {
    private static final Logger LOGGER = LoggerFactory.getLogger(DedupConsumerInterceptor.class);
    private static final List<String> NO_EFFECT = List.of(
            DedupConfig.TTL_HEADER,
            DedupConfig.ALLOWED_LATENESS_MS,
            DedupConfig.MAX_FUTURE_MS,
            DedupConfig.actionKey(Verdict.LATE),
            DedupConfig.actionKey(Verdict.FUTURE),
            DedupConfig.actionKey(Verdict.INVALID_TTL),
            DedupConfig.actionKey(Verdict.INVALID_TIMESTAMP),
            DedupConfig.PARTITION_IDLE_TIMEOUT_MS,
            DedupConfig.PARTITION_MAX_DRIFT_MS);

    private final FilterCounts counts = new FilterCounts();

    @SuppressWarnings("NullAway.Init") // Kafka configures it before anything else.
    private RecordFilter filter;

    /** For Kafka, which configures it. */
    public DedupConsumerInterceptor() {}

    /**
     * Opens the store.
     *
     * @throws io.dedup.config.DedupConfigException if the {@code dedup.*} keys cannot be used
     * @throws org.apache.kafka.common.config.ConfigException if the store cannot be opened
     */
    @Override
    public void configure(Map<String, ?> configs) {
        DedupConfig config = DedupConfig.ofInterceptor(configs);
        for (String key : NO_EFFECT) {
            if (configs.get(key) != null) {
                LOGGER.warn("{} has no effect on an interceptor, whose only time is the store's", key);
            }
        }
        boolean off = config.policy().mode() == Mode.OFF;
        configure(configs, config, off ? MemoryIdempotencyStore.holding(1) : StoreUrl.open(config));
    }

    /** With a store that is at hand, for tests. */
    void configure(Map<String, ?> configs, DedupConfig config, IdempotencyStore store) {
        Object group = configs.get(ConsumerConfig.GROUP_ID_CONFIG);
        if (group == null) {
            LOGGER.warn("There is no group.id: keys are shared with every other consumer without one");
        }
        Object isolation = configs.get(ConsumerConfig.ISOLATION_LEVEL_CONFIG);
        if (isolation == null || !isolation.toString().equalsIgnoreCase("read_committed")) {
            LOGGER.warn(
                    "DEDUP-117: {} is {}: where a producer uses transactions, the attempt that it has rolled back is passed"
                            + " on, and the one that it has committed is left out as its duplicate. Set it to read_committed",
                    ConsumerConfig.ISOLATION_LEVEL_CONFIG,
                    isolation == null ? "read_uncommitted, by default" : isolation);
        }
        filter = new RecordFilter(config, group == null ? "" : group.toString(), store, counts);
        if (countsInJmx()) {
            counts.all.publish("kafka.consumer", String.valueOf(configs.get(ConsumerConfig.CLIENT_ID_CONFIG)));
        }
    }

    /** Whether counts have to be published here; else the client does it. */
    boolean countsInJmx() {
        return true;
    }

    final InterceptorCounts counts() {
        return counts.all;
    }

    @Override
    public ConsumerRecords<Object, Object> onConsume(ConsumerRecords<Object, Object> records) {
        return filter.isOff() ? records : ClientFeatures.subset(filter.passed(records), records);
    }

    @Override
    public void onCommit(Map<TopicPartition, OffsetAndMetadata> offsets) {}

    @Override
    public void close() {
        try {
            if (filter != null) {
                filter.close();
            }
        } finally {
            counts.all.close();
        }
    }
}
