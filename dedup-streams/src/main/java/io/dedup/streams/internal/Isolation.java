// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal;

import io.dedup.config.ConfigProblem;
import io.dedup.config.ConfigProblem.Code;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.processor.api.ProcessingContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Whether an application sees records of transactions that were rolled back. */
public final class Isolation {
    private static final Logger LOGGER = LoggerFactory.getLogger(Isolation.class);
    private static final String COMMITTED = "read_committed";
    /** The last that is set counts. */
    private static final List<String> KEYS = Stream.of(
                    "", StreamsConfig.CONSUMER_PREFIX, StreamsConfig.MAIN_CONSUMER_PREFIX)
            .map(prefix -> prefix + ConsumerConfig.ISOLATION_LEVEL_CONFIG)
            .toList();

    private static final Set<String> WARNED = ConcurrentHashMap.newKeySet();

    private Isolation() {}

    /**
     * Returns a warning about these settings, if they let the consumer read what was rolled back. From any thread.
     *
     * @param configs of the application
     */
    public static Optional<ConfigProblem> problem(Map<String, ?> configs) {
        if (StreamsConfig.EXACTLY_ONCE_V2.equals(configs.get(StreamsConfig.PROCESSING_GUARANTEE_CONFIG))) {
            return Optional.empty();
        }
        Object level = null;
        for (String key : KEYS) {
            level = configs.get(key) == null ? level : configs.get(key);
        }
        if (COMMITTED.equals(level)) {
            return Optional.empty();
        }
        return Optional.of(new ConfigProblem(
                Code.READS_UNCOMMITTED,
                StreamsConfig.CONSUMER_PREFIX + ConsumerConfig.ISOLATION_LEVEL_CONFIG,
                level == null ? null : level.toString(),
                "Where a producer uses transactions, an attempt that was rolled back is taken for the first, and the one that was"
                        + " committed is dropped as its duplicate",
                "Set it to " + COMMITTED));
    }

    /** Says so once for each application. */
    public static void warnIfUncommittedIsRead(ProcessingContext context) {
        problem(context.appConfigs()).ifPresent(problem -> {
            if (WARNED.add(context.applicationId())) {
                LOGGER.warn("Worth knowing: {}", problem);
            }
        });
    }
}
