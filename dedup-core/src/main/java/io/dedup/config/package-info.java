// SPDX-License-Identifier: Apache-2.0
/**
 * Configuration by properties, on Kafka's own {@code ConfigDef}.
 *
 * <p>Start at {@link io.dedup.config.DedupConfig#of}, which reads properties and reports everything wrong with them at
 * once.
 */
@NullMarked
package io.dedup.config;

import org.jspecify.annotations.NullMarked;
