// SPDX-License-Identifier: Apache-2.0
/**
 * The side effect: a database that books what reaches it.
 *
 * <p>Start at {@link io.dedup.demo.ledger.Ledger}.
 */
@NullMarked
package io.dedup.demo.ledger;

import org.jspecify.annotations.NullMarked;
