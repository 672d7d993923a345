// SPDX-License-Identifier: Apache-2.0
package io.dedup.demo.traffic;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.cfg.CoercionAction;
import com.fasterxml.jackson.databind.cfg.CoercionInputShape;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.type.LogicalType;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Reads and writes operations as JSON. Thread-safe. */
public final class OperationJson {
    private static final JsonMapper MAPPER = JsonMapper.builder()
            // Gateways add fields of their own. Everything else is as strict as what looks for keys.
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
            .disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT)
            .disable(MapperFeature.ALLOW_COERCION_OF_SCALARS)
            .withCoercionConfig(
                    LogicalType.Textual,
                    texts -> texts.setCoercion(CoercionInputShape.Integer, CoercionAction.Fail)
                            .setCoercion(CoercionInputShape.Float, CoercionAction.Fail)
                            .setCoercion(CoercionInputShape.Boolean, CoercionAction.Fail))
            .build();
    private static final Pattern CURRENCY = Pattern.compile("[A-Z]{3}");

    private OperationJson() {}

    /** The operation as JSON. */
    public static String write(Operation operation) {
        try {
            return MAPPER.writeValueAsString(operation);
        } catch (JsonProcessingException impossible) {
            throw new IllegalStateException("An operation is always JSON", impossible);
        }
    }

    /** The same operation as a gateway writes it: fields in another order, and one more. */
    static String writeRelayed(Operation operation, String gateway) {
        ObjectNode node = MAPPER.createObjectNode();
        node.put("relayedBy", gateway);
        node.put("currency", operation.currency());
        node.put("amountCents", operation.amountCents());
        node.put("customerId", operation.customerId());
        if (operation.paymentId() != null) {
            node.put("paymentId", operation.paymentId());
        }
        node.put("orderId", operation.orderId());
        return node.toString();
    }

    /**
     * Reads back what either of the two wrote.
     *
     * @param json null for a tombstone, which is no operation
     * @throws UncheckedIOException if it is not an operation
     */
    public static Operation read(byte @Nullable [] json) {
        try {
            if (json == null) {
                throw new IOException("A tombstone is no operation");
            }
            Operation operation = MAPPER.readValue(json, Operation.class);
            if (operation == null || !operation.isWhole()) {
                throw new IOException("An operation has orderId, customerId, amountCents and currency");
            }
            return operation;
        } catch (IOException unreadable) {
            throw new UncheckedIOException("Not an operation", unreadable);
        }
    }

    /**
     * Reads an operation out of a value of an input file.
     *
     * @throws IllegalArgumentException with what is wrong, naming the field
     */
    static Operation parse(String topic, JsonNode value) {
        JsonNode amount = value.path("amountCents");
        if (!amount.isIntegralNumber() || !amount.canConvertToLong() || amount.longValue() <= 0) {
            throw new IllegalArgumentException(
                    "value.amountCents must be a whole number of cents above 0, and is " + shown(amount));
        }
        String currency = text(value, "currency");
        if (!CURRENCY.matcher(currency).matches()) {
            throw new IllegalArgumentException(
                    "value.currency must be three capital letters, as in EUR, and is " + shown(value.path("currency")));
        }
        boolean payment = topic.equals(Topics.PAYMENTS);
        if (!payment && value.has("paymentId")) {
            throw new IllegalArgumentException("value.paymentId is for payments, and this is on " + topic);
        }
        String paymentId = payment ? text(value, "paymentId") : null;
        return new Operation(
                text(value, "orderId"), paymentId, text(value, "customerId"), amount.longValue(), currency);
    }

    private static String text(JsonNode value, String field) {
        JsonNode node = value.path(field);
        if (!node.isTextual() || node.textValue().isBlank()) {
            throw new IllegalArgumentException("value." + field + " must be a text, and is " + shown(node));
        }
        return node.textValue();
    }

    static String shown(@Nullable JsonNode node) {
        return node == null || node.isMissingNode() ? "not there" : node.toString();
    }
}
