// SPDX-License-Identifier: Apache-2.0
package io.dedup.demo.traffic;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.UncheckedIOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What takes the money reads JSON as strictly as what looks for keys in it. */
class OperationJsonTest {
    private static final String ORDER =
            "{\"orderId\":\"o-1\",\"customerId\":\"c-1\",\"amountCents\":1999,\"currency\":\"EUR\"%s}%s";

    @Test
    void read_whatAGatewayAdds_isIgnored() {
        Operation read =
                OperationJson.read(ORDER.formatted(",\"relayedBy\":\"g\"", " ").getBytes(UTF_8));
        assertThat(read).isEqualTo(new Operation("o-1", null, "c-1", 1999, "EUR"));
    }

    /** It is a dead letter, and does not stop the application. */
    @Test
    void read_tombstone_isRefused() {
        assertThatExceptionOfType(UncheckedIOException.class)
                .isThrownBy(() -> OperationJson.read(null))
                .withStackTraceContaining("tombstone");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"orderId\":\"o-1\",\"customerId\":\"c-1\",\"amountCents\":1999,\"currency\":\"EUR\",\"amountCents\":1}",
                "{\"orderId\":\"o-1\",\"customerId\":\"c-1\",\"amountCents\":1999,\"currency\":\"EUR\"}{}",
                "{\"orderId\":\"o-1\",\"customerId\":\"c-1\",\"amountCents\":19.99,\"currency\":\"EUR\"}",
                "{\"orderId\":\"o-1\",\"customerId\":\"c-1\",\"amountCents\":\"1999\",\"currency\":\"EUR\"}",
                "{\"orderId\":\"o-1\",\"customerId\":\"c-1\",\"amountCents\":null,\"currency\":\"EUR\"}",
                "{\"orderId\":\"o-1\",\"customerId\":\"c-1\",\"amountCents\":0,\"currency\":\"EUR\"}",
                "{\"orderId\":7,\"customerId\":\"c-1\",\"amountCents\":1999,\"currency\":\"EUR\"}",
                "{\"orderId\":\" \",\"customerId\":\"c-1\",\"amountCents\":1999,\"currency\":\"EUR\"}",
                "null",
                ""
            })
    void read_anythingThatCouldSayTwoThings_isRefused(String json) {
        assertThatExceptionOfType(UncheckedIOException.class)
                .isThrownBy(() -> OperationJson.read(json.getBytes(UTF_8)));
    }
}
