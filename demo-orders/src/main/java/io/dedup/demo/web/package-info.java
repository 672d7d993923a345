// SPDX-License-Identifier: Apache-2.0
/**
 * The HTTP front end: orders and payments with idempotency keys, as IETF's draft-ietf-httpapi-idempotency-key-header has them.
 *
 * <p>Depends on the ledger and on what traffic is made of, never on the run.
 */
@NullMarked
package io.dedup.demo.web;

import org.jspecify.annotations.NullMarked;
