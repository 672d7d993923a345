// SPDX-License-Identifier: Apache-2.0
package io.dedup.consumer;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.dedup.Coordinates;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.regex.Pattern;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;
import org.jspecify.annotations.Nullable;

/**
 * The place where a record was first read, and the group that read it. A copy in a retry topic or a dead-letter topic is another
 * attempt at the operation of the record it was made of, and says so in its headers: those that the dead letters of this library
 * carry, and those that Spring's retry topics and {@code DeadLetterPublishingRecoverer} write. Any other record is its own origin.
 *
 * <p>Headers are written by producers, and travel on where records are forwarded. So they count only in a topic whose name is
 * that of the origin with a suffix that says what it is for, as in {@code payments-retry-0} and {@code payments.DLT}, or in
 * the origin itself, to which a dead letter has been sent again.
 */
record Origin(Coordinates at, String group) {
    private static final Pattern COPIES =
            Pattern.compile("[-._](retry|dlt|dlq|dead|dead-?letters?|errors?)([-._].*)?", Pattern.CASE_INSENSITIVE);
    private static final Pattern COPIES_AT_THE_END =
            Pattern.compile("(?:" + COPIES.pattern() + ")\\z", Pattern.CASE_INSENSITIVE);
    private static final String OURS = "__dedup.";
    private static final String RETRY_TOPICS = "kafka_original-";
    private static final String RECOVERER = "kafka_dlt-original-";
    private static final String RECOVERER_GROUP = RECOVERER + "consumer-group";

    /**
     * The origin of a record.
     *
     * @param group that has read it now
     */
    static Origin of(ConsumerRecord<?, ?> record, String group) {
        Headers headers = record.headers();
        Optional<Origin> origin = text(headers, RETRY_TOPICS + "topic")
                .flatMap(topic -> spring(headers, RETRY_TOPICS, topic, group))
                .or(() -> text(headers, OURS + "topic").flatMap(topic -> ours(headers, topic)))
                .or(() ->
                        text(headers, RECOVERER + "topic").flatMap(topic -> spring(headers, RECOVERER, topic, group)));
        return origin.filter(named -> isCopiedTo(record.topic(), named.at().topic()))
                // Sent again to where it was read first, it is for every group that reads there.
                .map(named -> named.at().topic().equals(record.topic()) ? new Origin(named.at(), group) : named)
                .orElseGet(
                        () -> new Origin(new Coordinates(record.topic(), record.partition(), record.offset()), group));
    }

    /** Whether the name of a topic ends as those of topics with copies of records do. */
    static boolean isNamedAsCopies(String topic) {
        return COPIES_AT_THE_END.matcher(topic).find();
    }

    private static boolean isCopiedTo(String topic, String origin) {
        return topic.startsWith(origin)
                && (topic.length() == origin.length()
                        || COPIES.matcher(topic.substring(origin.length())).matches());
    }

    /** Only dead letters of consumers name a group; other records that are marked are not copies of another one. */
    private static Optional<Origin> ours(Headers headers, String topic) {
        Optional<String> group = text(headers, OURS + "group");
        if (group.isEmpty()) {
            return Optional.empty();
        }
        try {
            Coordinates at = new Coordinates(
                    topic,
                    Integer.parseInt(text(headers, OURS + "partition").orElse("")),
                    Long.parseLong(text(headers, OURS + "offset").orElse("")));
            return Optional.of(new Origin(at, group.get()));
        } catch (IllegalArgumentException malformed) {
            return Optional.empty();
        }
    }

    /** Each hop adds headers of the same name, so that the first of them is the origin. */
    private static Optional<Origin> spring(Headers headers, String prefix, String topic, String group) {
        byte[] partition = first(headers, prefix + "partition");
        byte[] offset = first(headers, prefix + "offset");
        if (partition == null || partition.length != Integer.BYTES || offset == null || offset.length != Long.BYTES) {
            return Optional.empty();
        }
        try {
            Coordinates at = new Coordinates(
                    topic,
                    ByteBuffer.wrap(partition).getInt(),
                    ByteBuffer.wrap(offset).getLong());
            return Optional.of(new Origin(at, text(headers, RECOVERER_GROUP).orElse(group)));
        } catch (IllegalArgumentException malformed) {
            return Optional.empty();
        }
    }

    private static Optional<String> text(Headers headers, String name) {
        byte[] value = first(headers, name);
        return value == null || value.length == 0 ? Optional.empty() : Optional.of(new String(value, UTF_8));
    }

    private static byte @Nullable [] first(Headers headers, String name) {
        for (Header header : headers.headers(name)) {
            return header.value();
        }
        return null;
    }
}
