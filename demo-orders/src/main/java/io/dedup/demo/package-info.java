// SPDX-License-Identifier: Apache-2.0
/**
 * The demo: a real broker carries orders and payments whose producers retry, and a ledger charges everyone once.
 *
 * <p>Start at {@link io.dedup.demo.DemoOrders}, the command; {@link io.dedup.demo.OrderTopology} is the application.
 */
@NullMarked
package io.dedup.demo;

import org.jspecify.annotations.NullMarked;
