// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams;

import io.dedup.SeenRecord;
import java.time.Instant;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.streams.state.HostInfo;

/** What is known about a key: it is remembered, it is not, or not every instance could be asked. Immutable. */
public sealed interface KeyStatus {
    /**
     * A record with that key and time would be a duplicate, unless it is this first itself.
     *
     * @param partition the task that remembers it
     * @param first the first: its time, its coordinates, and until when it is remembered
     */
    record Remembered(int partition, SeenRecord first) implements KeyStatus {
        /** The event time of the first. */
        public Instant since() {
            return Instant.ofEpochMilli(first.timestamp());
        }

        /** The last millisecond at which a later record is its duplicate. */
        public Instant until() {
            return Instant.ofEpochMilli(first.expiresAt());
        }
    }

    /** Every instance was asked, and a record with that key and time would not be a duplicate. */
    record NotRemembered() implements KeyStatus {}

    /**
     * Not remembered by the instances that could be asked; others could not be.
     *
     * @param partitions those that were not asked, with the instance that owns each if it is known; empty if it is not even
     *     known which there are
     * @param reason one sentence for a person
     */
    record Unknown(Map<Integer, HostInfo> partitions, String reason) implements KeyStatus {
        public Unknown {
            partitions = Map.copyOf(partitions);
        }

        /** The instances that own these partitions, as far as they are known. */
        public Set<HostInfo> hosts() {
            return Set.copyOf(partitions.values());
        }
    }
}
