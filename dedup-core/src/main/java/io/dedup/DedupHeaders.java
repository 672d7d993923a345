// SPDX-License-Identifier: Apache-2.0
package io.dedup;

/**
 * The headers that say why a record is a duplicate, a dead letter, or marked. All values are UTF-8 text.
 *
 * <p>Dead letters of Kafka Streams carry Kafka's own {@code __streams.errors.*} beside them.
 */
public final class DedupHeaders {
    /** What all of them begin with. */
    public static final String PREFIX = "__dedup.";

    /** The verdict, and after a colon what is wrong with a missing key: {@code conflict}, {@code missing-key:absent}. */
    public static final String REASON = "__dedup.reason";

    /** The name of the operator that says so. */
    public static final String NODE = "__dedup.node";

    /** Where the idempotency key was found or looked for, as in configuration: {@code header:idempotency-key}. */
    public static final String KEY_SOURCE = "__dedup.key.source";

    /** For a missing key, an invalid TTL or an outcome that is not there: what is wrong, as a sentence. */
    public static final String DETAIL = "__dedup.detail";

    /** The event time of this record, in milliseconds since the epoch. */
    public static final String TIMESTAMP = "__dedup.timestamp";

    /** The topic of this record. */
    public static final String TOPIC = "__dedup.topic";

    /** The partition of this record. */
    public static final String PARTITION = "__dedup.partition";

    /** The offset of this record. */
    public static final String OFFSET = "__dedup.offset";

    /** The topic of the first. */
    public static final String FIRST_TOPIC = "__dedup.first.topic";

    /** The partition of the first. */
    public static final String FIRST_PARTITION = "__dedup.first.partition";

    /** The offset of the first. */
    public static final String FIRST_OFFSET = "__dedup.first.offset";

    /** The event time of the first, in milliseconds since the epoch. */
    public static final String FIRST_TIMESTAMP = "__dedup.first.timestamp";

    /** For a record that cannot be written: the topic that does not take it. */
    public static final String TARGET = "__dedup.target";

    /** On a dead letter without its value, for which there was no room: how many bytes it has. */
    public static final String VALUE_OMITTED = "__dedup.value.omitted";

    /** On a dead letter without its key, likewise: how many bytes it has. */
    public static final String KEY_OMITTED = "__dedup.key.omitted";

    /** On a dead letter without the headers of the record, likewise: how many there are. */
    public static final String HEADERS_OMITTED = "__dedup.headers.omitted";

    /** {@code true} on the answer to a duplicate that is the stored outcome of its first. */
    public static final String REPLAYED = "__dedup.replayed";

    /** On a record of the control topic: what to do, which can be {@value #FORGET}. */
    public static final String COMMAND = "__dedup.command";

    /** The command to forget the key that is the record's key, of that {@link #TOPIC} and {@link #KEY_SOURCE}. */
    public static final String FORGET = "forget";

    private DedupHeaders() {}
}
