// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.target;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.config.TopicConfig;
import org.jspecify.annotations.Nullable;

/**
 * The limits of a topic, beyond which it refuses records.
 *
 * @param maxBytes the largest batch that it takes
 * @param maxAgeMs how old a record may be, in milliseconds
 * @param maxAheadMs how far a record may be ahead of the broker's clock, in milliseconds
 * @param needsKey whether it refuses records without a key
 * @param recompression the codec of the batches that the broker keeps, {@code none} for none; null if it is the producer's
 */
public record TopicLimits(
        long maxBytes,
        long maxAgeMs,
        long maxAheadMs,
        boolean needsKey,
        @Nullable String recompression) {
    /** The limits of a topic whose settings are unknown: what it refuses is known when it does. */
    public static final TopicLimits UNKNOWN =
            new TopicLimits(Long.MAX_VALUE, Long.MAX_VALUE, Long.MAX_VALUE, false, null);

    /** What brokers before Kafka 4 have instead of a bound each way. */
    private static final String DIFFERENCE_MAX_MS = "message.timestamp.difference.max.ms";

    private static final List<String> AS_SENT = List.of("", "producer");

    /**
     * Reads the settings of a topic.
     *
     * @param settings as the cluster has them; what is missing has no limit
     */
    public static TopicLimits of(Map<String, String> settings) {
        boolean stamps = "LogAppendTime".equals(settings.get(TopicConfig.MESSAGE_TIMESTAMP_TYPE_CONFIG));
        String difference = settings.getOrDefault(DIFFERENCE_MAX_MS, "");
        String codec = settings.getOrDefault(TopicConfig.COMPRESSION_TYPE_CONFIG, "");
        return new TopicLimits(
                number(settings.get(TopicConfig.MAX_MESSAGE_BYTES_CONFIG)),
                stamps
                        ? Long.MAX_VALUE
                        : number(settings.getOrDefault(TopicConfig.MESSAGE_TIMESTAMP_BEFORE_MAX_MS_CONFIG, difference)),
                stamps
                        ? Long.MAX_VALUE
                        : number(settings.getOrDefault(TopicConfig.MESSAGE_TIMESTAMP_AFTER_MAX_MS_CONFIG, difference)),
                Arrays.asList(settings.getOrDefault(TopicConfig.CLEANUP_POLICY_CONFIG, "")
                                .split(",", -1))
                        .contains(TopicConfig.CLEANUP_POLICY_COMPACT),
                AS_SENT.contains(codec) ? null : codec.equals("uncompressed") ? "none" : codec);
    }

    private static long number(@Nullable String text) {
        return text == null || text.isEmpty() ? Long.MAX_VALUE : Long.parseLong(text);
    }
}
