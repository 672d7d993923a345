// SPDX-License-Identifier: Apache-2.0
package io.dedup;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The range within which an idempotency key is unique: its topic unless another one is set.
 *
 * <p>Immutable and thread-safe.
 */
public final class Scope {
    private static final Scope TOPIC = new Scope(null, List.of());
    private static final Scope NONE = new Scope("", List.of());

    private final @Nullable String name;
    private final List<String> joined;

    private Scope(@Nullable String name, List<String> joined) {
        this.name = name;
        this.joined = joined;
    }

    /** The same key on two topics names two operations. */
    public static Scope topic() {
        return TOPIC;
    }

    /**
     * As {@link #topic}, but the same key on two of those topics names one operation.
     *
     * @param topics the first of them names the scope, so that keys that were remembered of it alone are found
     */
    public static Scope ofTopics(List<String> topics) {
        return new Scope(null, List.copyOf(topics));
    }

    /** The same key names one operation wherever it is seen. */
    public static Scope none() {
        return NONE;
    }

    /**
     * A scope of that name, shared by everything that is configured with it.
     *
     * @throws IllegalArgumentException if the name is blank
     */
    public static Scope named(String name) {
        if (name.isBlank()) {
            throw new IllegalArgumentException(
                    "name must not be blank; the scope without a name is 'none': '" + name + "'");
        }
        return new Scope(name, List.of());
    }

    /**
     * Reads the form used in configuration: {@code topic}, {@code none}, or a name.
     *
     * @throws IllegalArgumentException if it is blank, or one of the two in capital letters
     */
    public static Scope parse(String text) {
        return switch (text) {
            case "topic" -> TOPIC;
            case "none" -> NONE;
            default -> {
                if (text.equalsIgnoreCase("topic") || text.equalsIgnoreCase("none")) {
                    throw new IllegalArgumentException("'" + text + "' is not a scope; write it in small letters");
                }
                yield named(text);
            }
        };
    }

    /**
     * The name that qualifies keys of records from that topic; empty for {@link #none()}.
     *
     * @param topic null if the record comes from no topic
     */
    public String nameFor(@Nullable String topic) {
        if (name != null) {
            return name;
        } else if (topic != null && joined.contains(topic)) {
            return joined.get(0);
        }
        return topic == null ? "" : topic;
    }

    @Override
    public String toString() {
        return name == null ? "topic" : name.isEmpty() ? "none" : name;
    }
}
