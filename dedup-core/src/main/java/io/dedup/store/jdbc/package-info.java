// SPDX-License-Identifier: Apache-2.0
/**
 * A store in a table of PostgreSQL, MySQL, MariaDB or H2.
 *
 * <p>Start at {@link io.dedup.store.jdbc.JdbcIdempotencyStore#on}.
 */
@NullMarked
package io.dedup.store.jdbc;

import org.jspecify.annotations.NullMarked;
