// SPDX-License-Identifier: Apache-2.0
package io.dedup.demo.traffic;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Reads and writes operations as JSON. Thread-safe. */
public final class OperationJson {
    private static final JsonMapper MAPPER = JsonMapper.builder().build();
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
     * Reads an operation of either topic: a payment, if it has a number of one.
     *
     * @param json the value of a record; null for a tombstone
     * @throws IllegalArgumentException with what is wrong
     */
    public static Operation read(byte @Nullable [] json) {
        JsonNode value = value(json);
        return parse(value.has("paymentId") ? Topics.PAYMENTS : Topics.ORDERS, value);
    }

    /**
     * Reads an operation of that topic. What takes money is strict: {@link StrictJson}, no text for a number, no number for a text,
     * whole cents. Members that it does not know are those of gateways.
     *
     * @param json the value of a record; null for a tombstone
     * @throws IllegalArgumentException with what is wrong
     */
    public static Operation read(String topic, byte @Nullable [] json) {
        return parse(topic, value(json));
    }

    private static JsonNode value(byte @Nullable [] json) {
        if (json == null) {
            throw new IllegalArgumentException("value must be an operation, and is null");
        }
        try {
            return StrictJson.readObject(json);
        } catch (IllegalArgumentException unreadable) {
            throw new IllegalArgumentException("value " + unreadable.getMessage(), unreadable);
        }
    }

    /**
     * Reads an operation out of a value.
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
