// SPDX-License-Identifier: Apache-2.0
package io.dedup.key;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.dedup.IdempotencyKey;
import java.math.BigDecimal;
import java.util.HexFormat;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Makes idempotency keys, for those who send operations. All of them are plain text of at most 64 characters.
 *
 * <p>Make the key where the intention arises, and keep it with the intention: a user who clicks "Pay" once has one key,
 * however often the click is sent. Where that cannot be done, derive it from what makes two operations the same.
 *
 * <p>Thread-safe.
 */
public final class IdempotencyKeys {
    private IdempotencyKeys() {}

    /** A new key, different from all others: a random UUID (RFC 9562, version 4). Keep it for the retries. */
    public static String random() {
        return UUID.randomUUID().toString();
    }

    /**
     * A key that is the same whenever it is derived from the same fields.
     *
     * <p>Take the fields that tell two operations apart, and no others: the order and the instalment, not the time of
     * sending. A time that is rounded, so that a retry falls into the same minute, makes two operations of those retries that
     * come just after the full minute, and one operation of two that a user meant within it.
     *
     * @param purpose what the operation does, so that a shipment and a payment for one order have different keys
     */
    public static Derived derived(String purpose) {
        return new Derived(purpose);
    }

    /**
     * The key for one step of an operation, of 64 hexadecimal digits; as {@link #downstream(String, IdempotencyKey, String,
     * KeyShape)} makes it.
     *
     * @param scope what the operation's key is unique within
     * @param step which one, if there are several: {@code charge}
     */
    public static String downstream(String scope, IdempotencyKey key, String step) {
        return downstream(scope, key, step, KeyShape.hex());
    }

    /**
     * The key for one step of an operation, to be passed on to the system that does the step: the same for every retry of the
     * operation, different for every step and every operation.
     *
     * <p>It is made from the SHA-256 of canonical JSON (RFC 8785), {@code {"key":…,"scope":…,"source":…,"step":…}}, where the
     * key's bytes are hexadecimal digits in lower case.
     *
     * @param scope what the operation's key is unique within
     * @param step which one, if there are several: {@code charge}
     * @param shape what the system takes as a key
     * @throws IllegalArgumentException if a text has half of a surrogate pair
     */
    public static String downstream(String scope, IdempotencyKey key, String step, KeyShape shape) {
        return shape.of(sha256(JsonNodeFactory.instance
                .objectNode()
                .put("key", HexFormat.of().formatHex(key.value()))
                .put("scope", scope)
                .put("source", key.source())
                .put("step", step)));
    }

    private static byte[] sha256(ObjectNode definition) {
        try {
            return Sha256.of(definition);
        } catch (Json.NotJson unreadable) {
            throw new IllegalArgumentException("texts must be writable as JSON: " + unreadable.detail(), unreadable);
        }
    }

    /**
     * A key that is being derived: SHA-256 (FIPS 180-4) over canonical JSON (RFC 8785), {@code {"fields":{…},"purpose":…}}. So
     * no two sets of fields run into each other, and a number differs from the text of it.
     *
     * <p>Not thread-safe.
     */
    public static final class Derived {
        private final ObjectNode fields = JsonNodeFactory.instance.objectNode();
        private final String purpose;

        private Derived(String purpose) {
            this.purpose = purpose;
        }

        /**
         * Adds a text.
         *
         * @param value null differs from every text
         * @throws IllegalArgumentException if the name has been used
         */
        public Derived with(String name, @Nullable String value) {
            checkNew(name);
            fields.put(name, value);
            return this;
        }

        /**
         * Adds a number.
         *
         * @throws IllegalArgumentException if the name has been used
         */
        public Derived with(String name, long value) {
            checkNew(name);
            fields.put(name, value);
            return this;
        }

        /**
         * Adds a number, of which 1.0 and 1.00 are the same.
         *
         * @throws IllegalArgumentException if the name has been used
         */
        public Derived with(String name, BigDecimal value) {
            checkNew(name);
            fields.put(name, value);
            return this;
        }

        private void checkNew(String name) {
            if (fields.has(name)) {
                throw new IllegalArgumentException("name must be used once: " + name);
            }
        }

        /**
         * The key: 64 hexadecimal digits.
         *
         * @throws IllegalArgumentException if a text has half of a surrogate pair
         * @throws IllegalStateException if there is no field
         */
        public String key() {
            if (fields.isEmpty()) {
                throw new IllegalStateException(
                        "Every operation would have this key: add the fields that tell them apart");
            }
            ObjectNode definition = JsonNodeFactory.instance.objectNode().put("purpose", purpose);
            definition.set("fields", fields);
            return HexFormat.of().formatHex(sha256(definition));
        }
    }
}
