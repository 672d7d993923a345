// SPDX-License-Identifier: Apache-2.0
package io.dedup.store.jdbc;

import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** The text of the statements for one table. Immutable but for the clock that tests put in. */
final class Statements {
    private static final String HELD =
            " WHERE id = ? AND owner = ? AND token = ? AND expires_at >= ${now} AND state = 'C'";

    private final Dialect dialect;
    private final String table;
    private final @Nullable LongSupplier clock;

    Statements(Dialect dialect, String table, @Nullable LongSupplier clock) {
        this.dialect = dialect;
        this.table = table;
        this.clock = clock;
    }

    String claim() {
        return text(dialect.claim());
    }

    /** Whether a claim that is won returns its token, the number of attempts and whether it was taken over. */
    boolean claimReturnsRow() {
        return dialect == Dialect.POSTGRESQL;
    }

    String find() {
        return text("SELECT state, owner, token, attempts, taken_over, lease_until, expires_at, fingerprint, outcome,"
                + " ${now} AS now FROM ${table} WHERE id = ?");
    }

    /** As {@link #find}, of what is committed now, whatever the transaction has read before. */
    String findNow() {
        return find() + " FOR UPDATE";
    }

    /** Takes the milliseconds of the lease, those of what follows it, and who holds it. */
    String renew() {
        return text("UPDATE ${table} SET lease_until = GREATEST(lease_until, ${now} + ?),"
                + " expires_at = GREATEST(expires_at, ${now} + ?)" + HELD);
    }

    /** Takes the state, the outcome, the milliseconds it is kept, and who holds the lease. */
    String complete() {
        return text("UPDATE ${table} SET state = ?, outcome = ?, expires_at = ${now} + ?" + HELD);
    }

    /** Takes the milliseconds it is kept, and who holds the lease. */
    String release() {
        return text("UPDATE ${table} SET state = 'R', expires_at = ${now} + ?" + HELD);
    }

    String purge() {
        return text(dialect.purge());
    }

    private String text(String template) {
        String now = clock == null ? dialect.now() : Long.toString(clock.getAsLong());
        return template.replace("${table}", table).replace("${now}", now);
    }
}
