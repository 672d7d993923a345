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
            assertThat(ledger.size()).isEqualTo(2);
            assertThat(ledger.entries()).isEqualTo(Map.of(new Truth.Entry("payments", "k", 500, "EUR"), 2));
        }
    }

    @Test
    void book_sameCoordinatesAgain_isBookedOnce() throws SQLException {
        try (Ledger ledger = Ledger.open(Database.in(directory, "ledger"), 1)) {
            // When
            ledger.book(new Coordinates("payments", 0, 1), "k", PAYMENT);
            ledger.book(new Coordinates("payments", 0, 1), "k", PAYMENT);
            // Then
            assertThat(ledger.size()).isEqualTo(1);
        }
    }
}
