// SPDX-License-Identifier: Apache-2.0
package io.dedup.demo.ledger;

import static org.assertj.core.api.Assertions.assertThat;

import io.dedup.Coordinates;
import io.dedup.demo.traffic.Operation;
import io.dedup.demo.traffic.Truth;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LedgerTest {
    private static final Operation PAYMENT = new Operation("1", "p", "c", 500, "EUR");

    @TempDir
    Path directory;

    @Test
    void book_sameKeyAtOtherCoordinates_isBookedTwice() throws SQLException {
        try (Ledger ledger = Ledger.open(Database.in(directory, "ledger"), 1)) {
            // When
            ledger.book(new Coordinates("payments", 0, 1), "k", PAYMENT);
            ledger.book(new Coordinates("payments", 0, 2), "k", PAYMENT);
            // Then
            assertThat(ledger.totals().entries()).isEqualTo(2);
            assertThat(ledger.entries()).isEqualTo(Map.of(new Truth.Entry("payments", "k", 500, "EUR"), 2));
        }
    }

    /** An order and its payments share the order's number: they are not the same. */
    @Test
    void totals_orderPaymentAndOnePaymentTwice_countsOneChargedTwice() throws SQLException {
        try (Ledger ledger = Ledger.open(Database.in(directory, "ledger"), 1)) {
            // When
            ledger.book(new Coordinates("orders", 0, 1), "o", new Operation("1", null, "c", 500, "EUR"));
            ledger.book(new Coordinates("payments", 0, 1), "k", PAYMENT);
            ledger.book(new Coordinates("payments", 0, 2), "l", new Operation("1", "q", "c", 300, "USD"));
            ledger.book(new Coordinates("payments", 0, 3), "k", PAYMENT);
            // Then
            assertThat(ledger.totals()).isEqualTo(new Ledger.Totals(4, 1, Map.of("EUR", 1_500L, "USD", 300L)));
            assertThat(ledger.answers()).isTrue();
        }
    }

    @Test
    void book_sameCoordinatesAgain_isBookedOnce() throws SQLException {
        try (Ledger ledger = Ledger.open(Database.in(directory, "ledger"), 1)) {
            // When
            ledger.book(new Coordinates("payments", 0, 1), "k", PAYMENT);
            ledger.book(new Coordinates("payments", 0, 1), "k", PAYMENT);
            // Then
            assertThat(ledger.totals().entries()).isEqualTo(1);
        }
    }
}
