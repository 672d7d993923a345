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

    /** A new key that nobody else has: a random UUID (RFC 9562, version 4). Keep it for the retries. */
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
     * The key for one step of an operation, to be passed on to whoever does the step: the same for every retry of the
     * operation, different for every step and every operation.
     *
     * @param scope what the operation's key is unique within
     * @param step which one, if there are several: {@code charge}
     */
    public static String downstream(String scope, IdempotencyKey key, String step) {
        FieldDigest digest = new FieldDigest();
        for (String text : new String[] {"downstream", scope, key.source(), step}) {
            digest.add(JsonNodeFactory.instance.textNode(text));
        }
        return HexFormat.of().formatHex(digest.addBytes(key.value()).sha256());
    }

    /**
     * A key that is being derived: SHA-256 (FIPS 180-4) over the names and values of its fields, in the order of their names,
     * each with its kind and length. So no two sets of fields run into each other, and a number differs from the text of it.
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
                throw new IllegalArgumentException("The field " + name + " is there already");
            }
        }

        /**
         * The key: 64 hexadecimal digits.
         *
         * @throws IllegalStateException if there is no field
         */
        public String key() {
            if (fields.isEmpty()) {
                throw new IllegalStateException(
                        "Every operation would have this key: add the fields that tell them apart");
            }
            FieldDigest digest = new FieldDigest().add(JsonNodeFactory.instance.textNode(purpose));
            return HexFormat.of().formatHex(digest.add(fields).sha256());
        }
    }
}
