// SPDX-License-Identifier: Apache-2.0
/**
 * What a store holds, seen from outside of the operations, and how it is repaired by hand.
 *
 * <p>Start at {@link io.dedup.store.admin.OperationAdmin}.
 */
@NullMarked
package io.dedup.store.admin;

import org.jspecify.annotations.NullMarked;
