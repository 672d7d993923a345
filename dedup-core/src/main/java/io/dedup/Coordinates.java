// SPDX-License-Identifier: Apache-2.0
package io.dedup;

/**
 * The topic, partition and offset of a record. Two records are the same record if and only if their coordinates are equal.
 *
 * @param partition at least 0
 * @param offset at least 0
 */
public record Coordinates(String topic, int partition, long offset) {
    public Coordinates {
        if (topic.isEmpty() || partition < 0 || offset < 0) {
            throw new IllegalArgumentException("topic must not be empty, and partition and offset not negative: '"
                    + topic + "', " + partition + ", " + offset);
        }
    }

    @Override
    public String toString() {
        return topic + "-" + partition + "@" + offset;
    }
}
