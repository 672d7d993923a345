// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.target;

import io.dedup.Action;
import io.dedup.config.DedupConfig;
import io.dedup.streams.Dedup;

/**
 * The topic that an operator writes what is let through to: see {@link Dedup#relay}.
 *
 * @param topic its name
 * @param onUnwritable what to do with a record that a topic does not take: {@link Action#DEAD_LETTER} or {@link Action#FAIL}
 * @param keepsPartition whether a record has the same partition there as in its source
 */
public record Target(String topic, Action onUnwritable, boolean keepsPartition) {
    /**
     * A target.
     *
     * @throws IllegalArgumentException if the topic is blank, or the action another
     */
    public Target {
        if (topic.isBlank()) {
            throw new IllegalArgumentException("topic must not be blank: '" + topic + "'");
        }
        if (onUnwritable != Action.DEAD_LETTER && onUnwritable != Action.FAIL) {
            throw new IllegalArgumentException("onUnwritable must be dead-letter or fail: " + onUnwritable.text());
        }
    }

    /** That topic, as {@code dedup.*} properties have the rest. */
    public static Target configured(String topic, DedupConfig config) {
        return new Target(topic, config.onUnwritable(), config.keepsPartition());
    }
}
