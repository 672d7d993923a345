// SPDX-License-Identifier: Apache-2.0
package io.dedup.key;

import io.dedup.KeyResult;

/**
 * Reads the idempotency key of a record.
 *
 * <p>The law: the same record always gives the same result, and a record without a key gives a {@link
 * io.dedup.MissingKey}, never a key that others share. An extractor does not throw for anything a record may contain.
 *
 * <p>Thread-safe. {@link KeyExtractors} has the usual kinds; a lambda makes another.
 */
@FunctionalInterface
public interface KeyExtractor {
    /** The key of that record, or why it has none. */
    KeyResult extract(RecordView record);
}
