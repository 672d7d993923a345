// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.target;

import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.config.TopicConfig;

/**
 * The reason why a record cannot be written.
 *
 * @param topic where it was to go
 * @param reason in a word or two
 * @param detail as a sentence, with the setting that is in the way
 * @param fix as a sentence: what to set otherwise
 */
public record Unwritable(String topic, String reason, String detail, String fix) {

    static Unwritable tooLarge(String topic, String setting, long limit, long bytes) {
        boolean ofProducer = !setting.equals(TopicConfig.MAX_MESSAGE_BYTES_CONFIG);
        return new Unwritable(
                topic,
                "unwritable:too-large",
                "It has " + bytes + " bytes, and " + (ofProducer ? "the producer sends to " : "") + topic
                        + (ofProducer ? "" : " takes") + " at most " + limit + " (" + setting + ")",
                ofProducer
                        ? "Raise " + setting + " of the application"
                        : "Raise " + setting + " of the topic, or set " + ProducerConfig.COMPRESSION_TYPE_CONFIG
                                + " of the application");
    }

    /** The same of a record that the topic would not take either. */
    Unwritable andOfTopic(long maxBytes) {
        return new Unwritable(
                topic,
                reason,
                detail,
                fix + ", and " + TopicConfig.MAX_MESSAGE_BYTES_CONFIG + " of the topic, which is " + maxBytes);
    }

    static Unwritable tooOld(String topic, long ageMs, long limitMs) {
        return ofTime(
                topic,
                "unwritable:too-old",
                ageMs + " ms old",
                limitMs,
                TopicConfig.MESSAGE_TIMESTAMP_BEFORE_MAX_MS_CONFIG);
    }

    static Unwritable tooFarAhead(String topic, long aheadMs, long limitMs) {
        return ofTime(
                topic,
                "unwritable:too-far-ahead",
                aheadMs + " ms ahead of the clock",
                limitMs,
                TopicConfig.MESSAGE_TIMESTAMP_AFTER_MAX_MS_CONFIG);
    }

    private static Unwritable ofTime(String topic, String reason, String time, long limitMs, String setting) {
        return new Unwritable(
                topic,
                reason,
                "It is " + time + ", and " + topic + " takes records that are at most " + limitMs + " (" + setting
                        + "), less what clocks may differ by",
                "Raise " + setting + " of the topic");
    }

    static Unwritable withoutKey(String topic) {
        return new Unwritable(
                topic,
                "unwritable:no-key",
                "It has no key, and " + topic + " is compacted (" + TopicConfig.CLEANUP_POLICY_CONFIG + ")",
                "Set " + TopicConfig.CLEANUP_POLICY_CONFIG + "=" + TopicConfig.CLEANUP_POLICY_DELETE + " on the topic");
    }
}
