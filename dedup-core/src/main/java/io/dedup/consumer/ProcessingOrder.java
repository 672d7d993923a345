// SPDX-License-Identifier: Apache-2.0
package io.dedup.consumer;

/** The order of processing: which records wait for each other. */
public enum ProcessingOrder {
    /** All of a partition: one after the other, as a plain loop would do. A record that is tried again holds up all others. */
    PARTITION,

    /** Those of a partition with the same record key. Records without a key wait for each other. */
    KEY,

    /** None. */
    UNORDERED
}
