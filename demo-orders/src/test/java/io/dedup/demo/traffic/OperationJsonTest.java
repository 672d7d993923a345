// SPDX-License-Identifier: Apache-2.0
package io.dedup.demo.traffic;

import static java.nio.charset.StandardCharsets.UTF_16BE;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What takes the money reads it as strictly as keys are read. */
class OperationJsonTest {
    private static final String PAYMENT =
            "{\"orderId\":\"o-1\",\"paymentId\":\"p-1\",\"customerId\":\"c-1\",\"amountCents\":1999,\"currency\":\"EUR\"}";

    @Test
    void read_payment_isRead() {
        assertThat(OperationJson.read(Topics.PAYMENTS, PAYMENT.getBytes(UTF_8)))
                .isEqualTo(new Operation("o-1", "p-1", "c-1", 1999, "EUR"));
    }

    @Test
    void read_memberOfAGateway_isLeftAlone() {
        String relayed = OperationJson.writeRelayed(new Operation("o-1", null, "c-1", 1999, "EUR"), "gateway-2");
        assertThat(OperationJson.read(Topics.ORDERS, relayed.getBytes(UTF_8)))
                .isEqualTo(new Operation("o-1", null, "c-1", 1999, "EUR"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '\u0001',
            value = {
                "1999|1999,\"amountCents\":1|Duplicate field 'amountCents'",
                "\"EUR\"}|\"EUR\"} {}|something follows it",
                "\"EUR\"}|\"EUR\"}x|is not JSON",
                "\"EUR\"}|\"EUR\"|is not JSON",
                "1999|19.99|amountCents must be a whole number",
                "1999|1999.0|amountCents must be a whole number",
                "1999|1e3|amountCents must be a whole number",
                "1999|\"1999\"|amountCents must be a whole number",
                "1999|true|amountCents must be a whole number",
                "1999|null|amountCents must be a whole number",
                "1999|0|amountCents must be a whole number",
                "1999|-1999|amountCents must be a whole number",
                "1999|99999999999999999999|amountCents must be a whole number",
                "1999|1e99999999999|exponent is out of range",
                "\"amountCents\":1999,||amountCents must be a whole number",
                "\"c-1\"|7|customerId must be a text",
                "\"c-1\"|\" \"|customerId must be a text",
                "\"EUR\"|\"euro\"|currency must be three capital letters",
                "\"paymentId\":\"p-1\",||paymentId must be a text"
            })
    void read_anythingElse_isRefusedWithTheReason(String part, String other, String reason) {
        String value = PAYMENT.replace(part, other == null ? "" : other);
        assertThat(value).isNotEqualTo(PAYMENT);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> OperationJson.read(Topics.PAYMENTS, value.getBytes(UTF_8)))
                .withMessageStartingWith("value")
                .withMessageContaining(reason);
    }

    @Test
    void read_otherBytes_areRefused() {
        for (byte[] value : new byte[][] {
            null,
            {},
            "null".getBytes(UTF_8),
            "[]".getBytes(UTF_8),
            ("\uFEFF" + PAYMENT).getBytes(UTF_8),
            PAYMENT.getBytes(UTF_16BE),
            {'{', '"', (byte) 0xC3, '"', ':', '1', '}'},
            "[".repeat(100_000).getBytes(UTF_8)
        }) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> OperationJson.read(Topics.PAYMENTS, value))
                    .withMessageStartingWith("value");
        }
    }

    @Test
    void read_paymentAmongOrders_isRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> OperationJson.read(Topics.ORDERS, PAYMENT.getBytes(UTF_8)))
                .withMessageContaining("paymentId is for payments");
    }
}
