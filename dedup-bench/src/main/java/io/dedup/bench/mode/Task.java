// SPDX-License-Identifier: Apache-2.0
package io.dedup.bench.mode;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What one run is to do.
 *
 * @param mode by whose name
 * @param applicationId of the Kafka Streams application, or the consumer group
 * @param bootstrapServers where the broker is
 * @param input the topic that is read, of one partition
 * @param output the topic that is written, of one partition
 * @param deadLetters a topic for records that get no verdict
 * @param records how many records of the input there are, or will be
 * @param ttlMs how long a key is remembered
 * @param stateDirectory for local state
 * @param streamsProperties that are the same for every Kafka Streams application
 * @param redis the address of a server, if the mode needs it
 * @param jdbc the address of a database, if the mode needs it
 */
public record Task(
        String mode,
        String applicationId,
        String bootstrapServers,
        String input,
        String output,
        String deadLetters,
        long records,
        long ttlMs,
        String stateDirectory,
        Map<String, String> streamsProperties,
        @Nullable String redis,
        @Nullable String jdbc) {}
