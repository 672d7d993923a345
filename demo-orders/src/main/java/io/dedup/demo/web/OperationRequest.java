// SPDX-License-Identifier: Apache-2.0
package io.dedup.demo.web;

import com.fasterxml.jackson.databind.JsonNode;
import io.dedup.demo.traffic.Operation;
import io.dedup.demo.traffic.OperationKey;
import io.dedup.demo.traffic.Topics;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What a request asks for, before it has a number of its own.
 *
 * @param topic {@link Topics#ORDERS} or {@link Topics#PAYMENTS}
 * @param orderId what is paid for; null for an order, which gets its number here
 * @param amountCents in hundredths of the currency
 * @param currency ISO 4217
 */
record OperationRequest(String topic, @Nullable String orderId, String customerId, long amountCents, String currency) {
    /** Of the body of a request. */
    private static final Set<String> ORDER = Set.of("customerId", "amountCents", "currency");

    private static final Set<String> PAYMENT = Set.of("orderId", "customerId", "amountCents", "currency");
    private static final Pattern CURRENCY = Pattern.compile("[A-Z]{3}");
    /** How orders, customers and callers may be named. */
    static final Pattern NAME = Pattern.compile("[A-Za-z0-9._-]{1," + OperationKey.MAX_CALLER + "}");

    private static final long MAX_CENTS = 100_000_000;

    /** The members that the body of a request may have. */
    static Set<String> members(String topic) {
        return topic.equals(Topics.PAYMENTS) ? PAYMENT : ORDER;
    }

    /**
     * Reads the body of a request.
     *
     * @throws IllegalArgumentException with what is wrong, naming the field
     */
    static OperationRequest read(String topic, JsonNode json) {
        JsonNode amount = json.path("amountCents");
        if (!amount.isIntegralNumber()
                || !amount.canConvertToLong()
                || amount.longValue() < 1
                || amount.longValue() > MAX_CENTS) {
            throw new IllegalArgumentException(
                    "amountCents must be a whole number of cents from 1 to " + MAX_CENTS + ", in digits alone");
        }
        String orderId = topic.equals(Topics.PAYMENTS) ? text(json, "orderId", NAME) : null;
        return new OperationRequest(
                topic, orderId, text(json, "customerId", NAME), amount.longValue(), text(json, "currency", CURRENCY));
    }

    private static String text(JsonNode json, String field, Pattern allowed) {
        JsonNode node = json.path(field);
        if (!node.isTextual() || !allowed.matcher(node.textValue()).matches()) {
            throw new IllegalArgumentException(field + " must be a text that matches " + allowed.pattern());
        }
        return node.textValue();
    }

    /** The operation, under that number. */
    Operation numbered(String number) {
        return orderId == null
                ? new Operation("o-" + number, null, customerId, amountCents, currency)
                : new Operation(orderId, "p-" + number, customerId, amountCents, currency);
    }

    /** What has to be equal in a retry, each of them preceded by its length. */
    String canonical() {
        StringBuilder text = new StringBuilder();
        for (String part : new String[] {topic, orderId == null ? "" : orderId, customerId, currency}) {
            text.append(part.length()).append(':').append(part);
        }
        return text.append(amountCents).toString();
    }
}
