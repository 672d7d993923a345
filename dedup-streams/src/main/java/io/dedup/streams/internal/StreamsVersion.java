// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal;

import io.dedup.config.ConfigProblem;
import io.dedup.config.ConfigProblem.Code;
import io.dedup.config.DedupConfigException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.kafka.streams.KafkaStreams;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The version of Kafka Streams on the class path, of which 4.2 to 4.4 are supported.
 *
 * @param text such as 4.3.1, as the jar says
 */
public record StreamsVersion(int major, int minor, String text) {
    private static final Logger LOGGER = LoggerFactory.getLogger(StreamsVersion.class);
    private static final Pattern NUMBERS = Pattern.compile("(\\d+)\\.(\\d+).*");
    private static final AtomicBoolean WARNED = new AtomicBoolean();

    private static final StreamsVersion OLDEST = of("4.2");
    private static final StreamsVersion NEWEST = of("4.4");
    /** Its windowed RocksDB stores, of which the application may have some of its own, leak native memory. */
    private static final String LEAKING = "4.3.0";

    /** The one on the class path. */
    static StreamsVersion onClassPath() {
        try (InputStream file = KafkaStreams.class.getResourceAsStream("/kafka/kafka-streams-version.properties")) {
            Properties properties = new Properties();
            if (file != null) {
                properties.load(file);
            }
            return of(properties.getProperty("version", "unknown"));
        } catch (IOException unreadable) {
            throw new UncheckedIOException(
                    "kafka-streams-version.properties of kafka-streams is unreadable", unreadable);
        }
    }

    /** The version that is written so; one above all that are supported if it has no numbers. */
    static StreamsVersion of(String text) {
        Matcher matcher = NUMBERS.matcher(text);
        return matcher.matches()
                ? new StreamsVersion(Integer.parseInt(matcher.group(1)), Integer.parseInt(matcher.group(2)), text)
                : new StreamsVersion(Integer.MAX_VALUE, 0, text);
    }

    /** Refuses the version on the class path, or warns of it once. */
    public static void requireSupported() {
        onClassPath().require(WARNED);
    }

    /**
     * Refuses this version if it is too old, and warns of it if it is newer than any that has been tested.
     *
     * @param warned set by the first warning; if it is set, there is no other
     * @throws DedupConfigException if this version lacks what dedup is built on
     */
    void require(AtomicBoolean warned) {
        if (compare(OLDEST) < 0) {
            throw new DedupConfigException(List.of(new ConfigProblem(
                    Code.UNSUPPORTED_KAFKA,
                    "kafka-streams",
                    text,
                    "dedup-streams needs Kafka Streams 4.2 or later, which have dead letters of their own (KIP-1034)",
                    "Put kafka-streams and kafka-clients 4.2.2 or later on the class path; with the parents of Spring Boot"
                            + " and Quarkus that is the property kafka.version or the version of the Kafka BOM")));
        }
        boolean tooNew = compare(NEWEST) > 0;
        if ((tooNew || text.equals(LEAKING)) && warned.compareAndSet(false, true)) {
            LOGGER.warn(
                    tooNew
                            ? "Kafka Streams {} is newer than any that dedup-streams was tested with, up to 4.4"
                            : "Kafka Streams {} leaks native memory in windowed RocksDB stores: use 4.3.1",
                    text);
        }
    }

    private int compare(StreamsVersion other) {
        return major == other.major ? Integer.compare(minor, other.minor) : Integer.compare(major, other.major);
    }
}
