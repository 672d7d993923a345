// SPDX-License-Identifier: Apache-2.0
package io.dedup.demo;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * The settings of a pipeline.
 *
 * @param bootstrapServers null for a broker inside this JVM
 * @param partitions of topics that are made
 * @param ttl how long an operation is remembered
 */
record DemoSettings(@Nullable String bootstrapServers, int partitions, Duration ttl) {}
