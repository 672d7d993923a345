// SPDX-License-Identifier: Apache-2.0
package io.dedup.store.jdbc;

import java.util.function.LongSupplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** The text of the statements for one table, put together once. Immutable but for the clock that tests put in. */
final class Statements {
    private static final String HELD =
            " WHERE id = ? AND owner = ? AND token = ? AND expires_at >= ${now} AND state = 'C'";
    private static final String NOW = "${now}";

    private final boolean claimReturnsRow;
    private final @Nullable LongSupplier clock;
    private final String claim;
    private final String find;
    private final String findNow;
    private final String renew;
    private final String complete;
    private final String release;
    private final String purge;

    Statements(Dialect dialect, String table, @Nullable LongSupplier clock) {
        this.claimReturnsRow = dialect == Dialect.POSTGRESQL;
        this.clock = clock;
        UnaryOperator<String> text = template -> {
            String ofTable = template.replace("${table}", table);
            return clock == null ? ofTable.replace(NOW, dialect.now()) : ofTable;
        };
        this.claim = text.apply(dialect.claim());
        this.find = text.apply("SELECT state, owner, token, attempts, taken_over, lease_until, expires_at, fingerprint,"
                + " outcome, ${now} AS now FROM ${table} WHERE id = ?");
        this.findNow = find + " FOR UPDATE";
        this.renew = text.apply("UPDATE ${table} SET lease_until = GREATEST(lease_until, ${now} + ?),"
                + " expires_at = GREATEST(expires_at, ${now} + ?)" + HELD);
        this.complete = text.apply("UPDATE ${table} SET state = ?, outcome = ?, expires_at = ${now} + ?" + HELD);
        this.release = text.apply("UPDATE ${table} SET state = 'R', expires_at = ${now} + ?" + HELD);
        this.purge = text.apply(dialect.purge());
    }

    /** Takes what {@link Dialect} says. */
    String claim() {
        return now(claim);
    }

    /** Whether a claim that is won returns its token, the number of attempts and whether it was taken over. */
    boolean claimReturnsRow() {
        return claimReturnsRow;
    }

    String find() {
        return now(find);
    }

    /** As {@link #find}, of what is committed now, whatever the transaction has read before. */
    String findNow() {
        return now(findNow);
    }

    /** Takes the milliseconds of the lease, those of what follows it, and who holds it. */
    String renew() {
        return now(renew);
    }

    /** Takes the state, the outcome, the milliseconds it is kept, and who holds the lease. */
    String complete() {
        return now(complete);
    }

    /** Takes the milliseconds it is kept, and who holds the lease. */
    String release() {
        return now(release);
    }

    String purge() {
        return now(purge);
    }

    private String now(String statement) {
        return clock == null ? statement : statement.replace(NOW, Long.toString(clock.getAsLong()));
    }
}
