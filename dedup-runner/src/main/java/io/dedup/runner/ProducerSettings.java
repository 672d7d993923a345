// SPDX-License-Identifier: Apache-2.0
package io.dedup.runner;

import java.util.Optional;
import java.util.Properties;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.streams.StreamsConfig;

/**
 * What the producer of an application is set to that decides which records it sends.
 *
 * @param application the properties
 */
record ProducerSettings(Properties application) {
    private static final long DEFAULT_BUFFER_BYTES = 32L << 20;

    /** The largest request, if it is set. */
    Optional<Long> maxRequestSize() {
        return value(ProducerConfig.MAX_REQUEST_SIZE_CONFIG).map(Long::valueOf);
    }

    /** How many bytes wait at most to be sent, and hence the largest record. */
    long bufferMemory() {
        return value(ProducerConfig.BUFFER_MEMORY_CONFIG).map(Long::valueOf).orElse(DEFAULT_BUFFER_BYTES);
    }

    boolean compresses() {
        return !value(ProducerConfig.COMPRESSION_TYPE_CONFIG).orElse("none").equals("none");
    }

    /** Whether a write counts only when the replicas have it. */
    boolean awaitsReplicas() {
        String acks = value(ProducerConfig.ACKS_CONFIG).orElse("all");
        return !acks.equals("0") && !acks.equals("1");
    }

    private Optional<String> value(String key) {
        String own = application.getProperty(StreamsConfig.producerPrefix(key));
        return Optional.ofNullable(own == null ? application.getProperty(key) : own);
    }
}
