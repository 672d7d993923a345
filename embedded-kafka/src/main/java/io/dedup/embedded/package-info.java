// SPDX-License-Identifier: Apache-2.0
/**
 * A real broker inside the JVM, for the demo and for tests; not for production.
 *
 * <p>Start at {@link io.dedup.embedded.EmbeddedBroker#start}.
 */
@NullMarked
package io.dedup.embedded;

import org.jspecify.annotations.NullMarked;
