// SPDX-License-Identifier: Apache-2.0
package io.dedup.demo.traffic;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyOrder;
import org.jspecify.annotations.Nullable;

/**
 * What a customer wants done, as it stands in a record's value.
 *
 * @param orderId which order is placed or paid for
 * @param paymentId which payment this is; null for an order
 * @param amountCents in hundredths of the currency
 * @param currency ISO 4217, as in {@code EUR}
 */
@JsonPropertyOrder({"orderId", "paymentId", "customerId", "amountCents", "currency"})
@JsonInclude(JsonInclude.Include.NON_NULL)
public record Operation(
        String orderId, @Nullable String paymentId, String customerId, long amountCents, String currency) {
    /** The topic it belongs on. */
    @JsonIgnore
    public String topic() {
        return paymentId == null ? Topics.ORDERS : Topics.PAYMENTS;
    }

    Operation withAmount(long cents) {
        return new Operation(orderId, paymentId, customerId, cents, currency);
    }
}
