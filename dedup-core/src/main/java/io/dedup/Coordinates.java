// SPDX-License-Identifier: Apache-2.0
package io.dedup;

/**
 * Where a record stands in Kafka. Two records are the same record if and only if their coordinates are equal.
 *
 * @param partition at least 0
 * @param offset at least 0
 */
public record Coordinates(String topic, int partition, long offset) {
    public Coordinates {
        if (topic.isEmpty() || partition < 0 || offset < 0) {
            throw new IllegalArgumentException("Not a place in Kafka: " + topic + "-" + partition + "@" + offset);
        }
    }

    @Override
    public String toString() {
        return topic + "-" + partition + "@" + offset;
    }
}
