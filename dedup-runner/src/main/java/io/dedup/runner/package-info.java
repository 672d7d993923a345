// SPDX-License-Identifier: Apache-2.0
/**
 * The command line: checks a configuration and relays topics, deduplicated.
 *
 * <p>Start at {@link io.dedup.runner.DedupCommand}, which lists the commands.
 */
@NullMarked
package io.dedup.runner;

import org.jspecify.annotations.NullMarked;
