// SPDX-License-Identifier: Apache-2.0
package io.dedup;

import org.jspecify.annotations.Nullable;

/**
 * What an idempotency key is unique within: its topic unless something else is asked for.
 *
 * <p>Immutable and thread-safe.
 */
public final class Scope {
    private static final Scope TOPIC = new Scope(null);
    private static final Scope NONE = new Scope("");

    private final @Nullable String name;

    private Scope(@Nullable String name) {
        this.name = name;
    }

    /** The same key on two topics names two operations. */
    public static Scope topic() {
        return TOPIC;
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
            throw new IllegalArgumentException("A scope needs a name; for one without a name there is 'none'");
        }
        return new Scope(name);
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
        }
        return topic == null ? "" : topic;
    }

    @Override
    public String toString() {
        return name == null ? "topic" : name.isEmpty() ? "none" : name;
    }
}
