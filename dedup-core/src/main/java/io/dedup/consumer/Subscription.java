// SPDX-License-Identifier: Apache-2.0
package io.dedup.consumer;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ShareConsumer;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The topics that a consumer reads: by their names, or those that match a pattern now or later. Never its own dead-letter topic.
 *
 * <p>Thread-safe.
 */
final class Subscription {
    private static final Logger LOGGER = LoggerFactory.getLogger(Subscription.class);

    private final Set<String> topics;
    private final @Nullable Pattern pattern;
    private final Set<String> warned = ConcurrentHashMap.newKeySet();

    private Subscription(Set<String> topics, @Nullable Pattern pattern) {
        this.topics = topics;
        this.pattern = pattern;
    }

    static Subscription to(String... topics) {
        if (topics.length == 0) {
            throw new IllegalArgumentException("topics must name one at least: []");
        }
        return new Subscription(Set.of(topics), null);
    }

    static Subscription to(Pattern pattern) {
        return new Subscription(Set.of(), pattern);
    }

    /**
     * The same without that topic, which a pattern may match.
     *
     * @throws IllegalArgumentException if the topic is named
     */
    Subscription without(String deadLetters) {
        if (topics.contains(deadLetters)) {
            throw new IllegalArgumentException("deadLetterTopic must not be subscribed to, since its records would be"
                    + " dead-lettered to it again: " + deadLetters);
        }
        return pattern == null ? this : new Subscription(topics, without(pattern, deadLetters));
    }

    private static Pattern without(Pattern pattern, String topic) {
        int flags = pattern.flags();
        boolean isLiteral = (flags & Pattern.LITERAL) != 0;
        String matching = isLiteral ? Pattern.quote(pattern.pattern()) : pattern.pattern();
        // The line ends a comment that the pattern may end with.
        String end = (flags & Pattern.COMMENTS) != 0 ? "\n)" : ")";
        String other = "(?!(?-i:" + Pattern.quote(topic) + ")\\z)";
        return Pattern.compile(other + "(?:" + matching + end, flags & ~Pattern.LITERAL);
    }

    /**
     * Checks that a share group can subscribe.
     *
     * @throws IllegalArgumentException if it is a pattern
     */
    void requireNames() {
        if (pattern != null) {
            throw new IllegalArgumentException("topics of a share group must be given by name, and not by pattern: "
                    + pattern + ". Name the topics, or call start() for a consumer group");
        }
    }

    void subscribe(Consumer<?, ?> consumer, ConsumerRebalanceListener listener) {
        if (pattern == null) {
            consumer.subscribe(topics, listener);
        } else {
            consumer.subscribe(pattern, listener);
        }
    }

    void subscribe(ShareConsumer<?, ?> consumer) {
        consumer.subscribe(topics);
    }

    /** Whether a topic is subscribed to. */
    boolean includes(String topic) {
        return pattern == null ? topics.contains(topic) : pattern.matcher(topic).matches();
    }

    /** Warns once for each topic that matches a pattern and has the name of one with copies of records. */
    void warnIfCopy(TopicPartition partition) {
        String topic = partition.topic();
        if (pattern != null && Origin.isNamedAsCopies(topic) && warned.add(topic)) {
            LOGGER.warn(
                    "{} matches {} and is read too, although it has the name of a topic of retries or dead letters: exclude"
                            + " it in the pattern unless that is meant",
                    topic,
                    pattern);
        }
    }
}
