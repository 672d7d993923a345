// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.target;

import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.streams.StreamsConfig;
import org.jspecify.annotations.Nullable;

/**
 * The limits of the producer of an application and of the topics it writes to, as of its start. With it a record that cannot be
 * written is found before it is sent: under exactly-once, one that the broker refuses makes its whole transaction fail.
 *
 * <p>A record is refused for its size only if Kafka would surely refuse it: the producer by {@code max.request.size}, the broker by
 * {@code max.message.bytes}, by the very bytes that are sent, after compression if the producer compresses. It is refused for its
 * time by the clock of this machine, and a little before the broker's limit (see {@link #CLOCK_MARGIN_MS}), since clocks differ and a
 * record gets older on its way.
 *
 * <p>Immutable and thread-safe.
 */
public final class WriteLimits {
    /** The property that holds them: an object, for applications that are made by code. */
    public static final String CONFIG = "__dedup.write.limits__";

    /** By how much a record has to be within a limit of time: ten seconds, or a tenth of the limit if that is less. */
    static final long CLOCK_MARGIN_MS = 10_000;

    /** By which share of its size, and by how many bytes, a record can grow when the broker compresses it again. */
    private static final int GROWTH_SHARE = 64;

    private static final int GROWTH_BYTES = 1024;
    private static final int DEFAULT_REQUEST_BYTES = 1 << 20;
    private static final long DEFAULT_BUFFER_BYTES = 32L << 20;

    private final long requestBytes;
    private final long bufferBytes;
    private final @Nullable Compression compression;
    private final Map<String, TopicLimits> topics;

    private WriteLimits(
            long requestBytes, long bufferBytes, @Nullable Compression compression, Map<String, TopicLimits> topics) {
        this.requestBytes = requestBytes;
        this.bufferBytes = bufferBytes;
        this.compression = compression;
        this.topics = Map.copyOf(topics);
    }

    /**
     * The limits of an application.
     *
     * @param configs of the application, with what its producer is set to
     * @param topics by name; of others nothing is known
     */
    public static WriteLimits of(Map<String, ?> configs, Map<String, TopicLimits> topics) {
        return new WriteLimits(
                number(configs, ProducerConfig.MAX_REQUEST_SIZE_CONFIG, DEFAULT_REQUEST_BYTES),
                number(configs, ProducerConfig.BUFFER_MEMORY_CONFIG, DEFAULT_BUFFER_BYTES),
                codec(configs),
                topics);
    }

    /** Those that the application was given, or of its producer alone. */
    public static WriteLimits from(Map<String, ?> configs) {
        return configs.get(CONFIG) instanceof WriteLimits given ? given : of(configs, Map.of());
    }

    private static long number(Map<String, ?> configs, String key, long unset) {
        Object value = ofProducer(configs, key);
        return value == null ? unset : Long.parseLong(value.toString().strip());
    }

    private static @Nullable Object ofProducer(Map<String, ?> configs, String key) {
        Object value = configs.get(StreamsConfig.producerPrefix(key));
        return value == null ? configs.get(key) : value;
    }

    private static @Nullable Compression codec(Map<String, ?> configs) {
        Object name = ofProducer(configs, ProducerConfig.COMPRESSION_TYPE_CONFIG);
        if (name == null || name.toString().equals("none")) {
            return null;
        }
        Map<String, Object> level = new HashMap<>();
        level.put("gzip", ofProducer(configs, ProducerConfig.COMPRESSION_GZIP_LEVEL_CONFIG));
        level.put("lz4", ofProducer(configs, ProducerConfig.COMPRESSION_LZ4_LEVEL_CONFIG));
        level.put("zstd", ofProducer(configs, ProducerConfig.COMPRESSION_ZSTD_LEVEL_CONFIG));
        return codec(name.toString(), level.get(name.toString()));
    }

    private static Compression codec(String name, @Nullable Object level) {
        if (level == null) {
            return Compression.of(name).build();
        }
        int parsed = Integer.parseInt(level.toString().strip());
        return switch (name) {
            case "gzip" -> Compression.gzip().level(parsed).build();
            case "lz4" -> Compression.lz4().level(parsed).build();
            case "zstd" -> Compression.zstd().level(parsed).build();
            default -> Compression.of(name).build();
        };
    }

    /**
     * Returns why that record cannot be written.
     *
     * @param timestamp null if the producer takes that of now
     * @param now the wall clock in milliseconds since the epoch
     * @return null if it can, as far as is known
     */
    @Nullable
    public Unwritable problem(
            String topic,
            byte @Nullable [] key,
            byte @Nullable [] value,
            Headers headers,
            @Nullable Long timestamp,
            long now) {
        TopicLimits limits = topics.getOrDefault(topic, TopicLimits.UNKNOWN);
        if (limits.needsKey() && key == null) {
            return Unwritable.withoutKey(topic);
        }
        if (timestamp != null) {
            long age = now - timestamp;
            if (age > within(limits.maxAgeMs())) {
                return Unwritable.tooOld(topic, age, limits.maxAgeMs());
            } else if (-age > within(limits.maxAheadMs())) {
                return Unwritable.tooFarAhead(topic, -age, limits.maxAheadMs());
            }
        }
        return tooLarge(topic, limits, key, value, headers);
    }

    /** That limit less what clocks may differ by. */
    private static long within(long limitMs) {
        return limitMs == Long.MAX_VALUE ? limitMs : limitMs - Math.min(CLOCK_MARGIN_MS, limitMs / 10);
    }

    private @Nullable Unwritable tooLarge(
            String topic, TopicLimits limits, byte @Nullable [] key, byte @Nullable [] value, Headers headers) {
        long bound = RecordSize.bound(key, value, headers);
        long least = Math.min(Math.min(requestBytes, bufferBytes), limits.maxBytes());
        boolean isRecompressed = limits.recompression() != null;
        if (bound <= (isRecompressed ? least - least / GROWTH_SHARE - GROWTH_BYTES : least)) {
            return null;
        }
        RecordSize size = RecordSize.of(key, value, headers);
        if (size.inRequest() > requestBytes) {
            boolean isForTopic = size.inBatch() <= limits.maxBytes();
            Unwritable ofProducer =
                    Unwritable.tooLarge(topic, ProducerConfig.MAX_REQUEST_SIZE_CONFIG, requestBytes, size.inRequest());
            return isForTopic ? ofProducer : ofProducer.andOfTopic(limits.maxBytes());
        } else if (size.inRequest() > bufferBytes) {
            return Unwritable.tooLarge(topic, ProducerConfig.BUFFER_MEMORY_CONFIG, bufferBytes, size.inRequest());
        }
        long sent = size.inBatch();
        if (sent > limits.maxBytes() && compression != null) {
            sent = RecordSize.inBatch(key, value, headers, compression);
        }
        if (isRecompressed && sent <= limits.maxBytes()) {
            sent = RecordSize.inBatch(key, value, headers, codec(String.valueOf(limits.recompression()), null));
        }
        return sent > limits.maxBytes()
                ? Unwritable.tooLarge(topic, TopicConfig.MAX_MESSAGE_BYTES_CONFIG, limits.maxBytes(), sent)
                : null;
    }
}
