// SPDX-License-Identifier: Apache-2.0
package io.dedup.demo.ledger;

import io.dedup.Coordinates;
import io.dedup.demo.traffic.Operation;

/**
 * An entry of the ledger.
 *
 * @param at the record that was booked
 * @param idempotencyKey what the record carried; empty if nothing
 */
public record Booking(Coordinates at, String idempotencyKey, Operation operation) {}
