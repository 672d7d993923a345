// SPDX-License-Identifier: Apache-2.0
package io.dedup.demo.ledger;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import com.zaxxer.hikari.pool.HikariPool.PoolInitializationException;
import io.dedup.Coordinates;
import io.dedup.demo.traffic.Operation;
import io.dedup.demo.traffic.Topics;
import io.dedup.demo.traffic.Truth;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A database in which every operation that arrives is booked.
 *
 * <p>It knows nothing of idempotency keys: two records that ask for the same thing are booked twice. Only the very same
 * record, read again after a failure, is booked once, because its coordinates are the primary key.
 *
 * <p>Thread-safe.
 */
public final class Ledger implements AutoCloseable {
    private static final String SCHEMA = """
            CREATE TABLE IF NOT EXISTS ledger (
                topic           VARCHAR(249) NOT NULL,
                partition_no    INT          NOT NULL,
                offset_no       BIGINT       NOT NULL,
                idempotency_key VARCHAR      NOT NULL,
                order_id        VARCHAR      NOT NULL,
                payment_id      VARCHAR,
                customer_id     VARCHAR      NOT NULL,
                amount_cents    BIGINT       NOT NULL,
                currency        CHAR(3)      NOT NULL,
                booked_no       BIGINT GENERATED ALWAYS AS IDENTITY,
                PRIMARY KEY (topic, partition_no, offset_no)
            )
            """;

    /** Ledgers of earlier versions had a limit of their own for keys. */
    private static final String WIDENED = "ALTER TABLE ledger ALTER COLUMN idempotency_key SET DATA TYPE VARCHAR";

    private static final List<String> INDEXES = List.of(
            "CREATE INDEX IF NOT EXISTS ledger_by_order ON ledger (order_id)",
            "CREATE INDEX IF NOT EXISTS ledger_by_payment ON ledger (payment_id)",
            "CREATE INDEX IF NOT EXISTS ledger_by_time ON ledger (booked_no)");

    private static final String COLUMNS = "topic, partition_no, offset_no, idempotency_key, order_id, payment_id,"
            + " customer_id, amount_cents, currency";

    private static final String ALREADY_THERE = "23505";
    private static final Logger LOGGER = LoggerFactory.getLogger(Ledger.class);

    private static final int READERS = 3;
    private static final Duration CONNECTED_WITHIN = Duration.ofSeconds(5);
    private static final int ANSWERS_WITHIN_SECONDS = 2;

    private final HikariDataSource booking;
    /** Apart, so that reading keeps nothing from being booked. */
    private final HikariDataSource reading;
    /** Apart as well: whether the database answers does not depend on how many read. */
    private final HikariDataSource probing;
    // Guarded by this.
    private @Nullable Totals summedUp;
    /** When the last summing began: what was asked before is answered by it. */
    private long summingBegunAt;

    private Ledger(HikariDataSource booking, HikariDataSource reading, HikariDataSource probing) {
        this.booking = booking;
        this.reading = reading;
        this.probing = probing;
    }

    /**
     * What it all comes to.
     *
     * @param entries how many there are
     * @param chargedTwice how many orders or payments have more than one
     * @param cents what was charged, by currency
     */
    public record Totals(long entries, long chargedTwice, Map<String, Long> cents) {
        /** Copies the map. */
        public Totals {
            cents = Map.copyOf(cents);
        }
    }

    /**
     * Opens the ledger in that database, making it if it is not there.
     *
     * @param writers how many threads book at the same time
     * @throws SQLException if the database cannot be opened
     */
    public static Ledger open(Database database, int writers) throws SQLException {
        HikariDataSource booking = pool(database, "ledger-booking", writers);
        try (Connection connection = booking.getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute(SCHEMA);
            statement.execute(WIDENED);
            for (String index : INDEXES) {
                statement.execute(index);
            }
            return new Ledger(booking, pool(database, "ledger-reading", READERS), pool(database, "ledger-probing", 1));
        } catch (SQLException failed) {
            booking.close();
            throw failed;
        }
    }

    private static HikariDataSource pool(Database database, String name, int connections) throws SQLException {
        HikariConfig config = new HikariConfig();
        config.setPoolName(name);
        config.setJdbcUrl(database.url());
        config.setMaximumPoolSize(connections);
        config.setConnectionTimeout(CONNECTED_WITHIN.toMillis());
        try {
            return new HikariDataSource(config);
        } catch (PoolInitializationException failed) {
            throw new SQLException("There is no database at " + database + ": " + failed.getMessage(), failed);
        }
    }

    /**
     * Books an operation, unless the record at these coordinates has been booked.
     *
     * @param idempotencyKey of the record; empty if it has none that can be used. Kept for the audit, not looked at
     * @throws SQLException if it may not have been booked
     */
    public void book(Coordinates at, String idempotencyKey, Operation operation) throws SQLException {
        try (Connection connection = booking.getConnection();
                PreparedStatement insert = connection.prepareStatement(
                        "INSERT INTO ledger (" + COLUMNS + ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)")) {
            insert.setString(1, at.topic());
            insert.setInt(2, at.partition());
            insert.setLong(3, at.offset());
            insert.setString(4, idempotencyKey);
            insert.setString(5, operation.orderId());
            insert.setString(6, operation.paymentId());
            insert.setString(7, operation.customerId());
            insert.setLong(8, operation.amountCents());
            insert.setString(9, operation.currency());
            insert.executeUpdate();
        } catch (SQLException failed) {
            if (!ALREADY_THERE.equals(failed.getSQLState())) {
                throw failed;
            }
            LOGGER.debug("{} was booked before", at);
        }
    }

    /**
     * The last record that was booked of each partition.
     *
     * @throws SQLException if the database cannot be read
     */
    public List<Coordinates> lastRecords() throws SQLException {
        return query("SELECT topic, partition_no, MAX(offset_no) FROM ledger GROUP BY topic, partition_no", rows -> {
            List<Coordinates> last = new ArrayList<>();
            while (rows.next()) {
                last.add(new Coordinates(rows.getString(1), rows.getInt(2), rows.getLong(3)));
            }
            return last;
        });
    }

    /**
     * What it all comes to.
     *
     * @throws SQLException if the database cannot be read
     */
    public Totals totals() throws SQLException {
        long twice = query(
                "SELECT COUNT(*) FROM (SELECT 1 FROM ledger GROUP BY payment_id, CASE WHEN payment_id IS NULL THEN order_id"
                        + " END HAVING COUNT(*) > 1) more_than_once",
                rows -> {
                    rows.next();
                    return rows.getLong(1);
                });
        return query("SELECT currency, COUNT(*), SUM(amount_cents) FROM ledger GROUP BY currency", rows -> {
            long entries = 0;
            Map<String, Long> cents = new HashMap<>();
            while (rows.next()) {
                entries += rows.getLong(2);
                cents.put(rows.getString(1), rows.getLong(3));
            }
            return new Totals(entries, twice, cents);
        });
    }

    /**
     * The totals, summed up by one caller at a time for all who ask meanwhile: for pages, of which there may be many.
     *
     * @throws SQLException if the database cannot be read
     */
    public Totals sharedTotals() throws SQLException {
        long askedAt = System.nanoTime();
        synchronized (this) {
            Totals known = summedUp;
            if (known != null && summingBegunAt - askedAt > 0) {
                return known;
            }
            summingBegunAt = System.nanoTime();
            Totals fresh = totals();
            summedUp = fresh;
            return fresh;
        }
    }

    /** Whether the database answers. */
    public boolean answers() {
        try (Connection connection = probing.getConnection()) {
            return connection.isValid(ANSWERS_WITHIN_SECONDS);
        } catch (SQLException failed) {
            LOGGER.warn("The ledger does not answer", failed);
            return false;
        }
    }

    /**
     * The entries of that order or payment, in the order of their records.
     *
     * @param topic {@link Topics#ORDERS} or {@link Topics#PAYMENTS}
     * @param id of the order, or of the payment
     * @throws SQLException if the database cannot be read
     */
    public List<Booking> find(String topic, String id) throws SQLException {
        String which = topic.equals(Topics.ORDERS) ? "payment_id IS NULL AND order_id = ?" : "payment_id = ?";
        return bookings("WHERE " + which + " ORDER BY partition_no, offset_no", id);
    }

    /**
     * The entries that were booked last, the newest first.
     *
     * @throws SQLException if the database cannot be read
     */
    public List<Booking> latest(int atMost) throws SQLException {
        return bookings("ORDER BY booked_no DESC LIMIT ?", atMost);
    }

    private List<Booking> bookings(String which, Object parameter) throws SQLException {
        try (Connection connection = reading.getConnection();
                PreparedStatement select = connection.prepareStatement("SELECT " + COLUMNS + " FROM ledger " + which)) {
            select.setObject(1, parameter);
            try (ResultSet rows = select.executeQuery()) {
                List<Booking> found = new ArrayList<>();
                while (rows.next()) {
                    found.add(booking(rows));
                }
                return found;
            }
        }
    }

    private static Booking booking(ResultSet row) throws SQLException {
        return new Booking(
                new Coordinates(row.getString(1), row.getInt(2), row.getLong(3)),
                row.getString(4),
                new Operation(row.getString(5), row.getString(6), row.getString(7), row.getLong(8), row.getString(9)));
    }

    /**
     * How often each entry stands there.
     *
     * @throws SQLException if the database cannot be read
     */
    public Map<Truth.Entry, Integer> entries() throws SQLException {
        return query(
                "SELECT payment_id IS NULL, idempotency_key, amount_cents, currency, COUNT(*) FROM ledger"
                        + " GROUP BY payment_id IS NULL, idempotency_key, amount_cents, currency",
                rows -> {
                    Map<Truth.Entry, Integer> entries = new HashMap<>();
                    while (rows.next()) {
                        String topic = rows.getBoolean(1) ? Topics.ORDERS : Topics.PAYMENTS;
                        entries.put(
                                new Truth.Entry(topic, rows.getString(2), rows.getLong(3), rows.getString(4)),
                                rows.getInt(5));
                    }
                    return entries;
                });
    }

    private <T extends @Nullable Object> T query(String sql, Reader<T> reader) throws SQLException {
        try (Connection connection = reading.getConnection();
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(sql)) {
            return reader.read(rows);
        }
    }

    @FunctionalInterface
    private interface Reader<T extends @Nullable Object> {
        T read(ResultSet rows) throws SQLException;
    }

    @Override
    public void close() {
        probing.close();
        reading.close();
        booking.close();
    }
}
