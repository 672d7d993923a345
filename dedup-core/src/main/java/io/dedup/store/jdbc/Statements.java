// SPDX-License-Identifier: Apache-2.0
package io.dedup.store.jdbc;

import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** The text of the statements for one table, put together once. Immutable but for the clock that tests put in. */
final class Statements {
    /** The columns of the table, in the order in which rows are written. */
    static final List<String> COLUMNS = List.of(
            "id",
            "state",
            "owner",
            "token",
            "attempts",
            "prior_run",
            "begun_at",
            "lease_until",
            "expires_at",
            "fingerprint",
            "outcome");

    private static final String NOW = "${now}";
    private static final String ALL = String.join(", ", COLUMNS);
    private static final String HELD =
            " WHERE id = ? AND owner = ? AND token = ? AND expires_at >= ${now} AND state = 'C'";

    private final boolean insertsOrFinds;
    private final boolean countsInsertions;
    private final @Nullable LongSupplier clock;
    private final String find;
    private final String findNow;
    /** By the binary logarithm of the number of parameters. */
    private final List<String> findAll = new ArrayList<>();

    private final String insertOrFind;
    private final String insert;
    private final boolean writesArrays;
    private final String insertAll;
    private final String completeAll;
    private final String insertIfAbsent;
    private final String insertNew;
    private final String replace;
    private final String probeLock;
    private final String renew;
    private final String complete;
    private final String release;
    private final String withdraw;
    private final String resetAttempts;
    private final String purge;

    Statements(Dialect dialect, String table, @Nullable LongSupplier clock) {
        this.insertsOrFinds = dialect.insertsOrFinds();
        this.countsInsertions = dialect.countsInsertions();
        this.clock = clock;
        UnaryOperator<String> text = template -> {
            String ofTable = template.replace("${table}", table).replace("${columns}", ALL);
            return clock == null ? ofTable.replace(NOW, dialect.now()) : ofTable;
        };
        String fields = "k." + String.join(", k.", COLUMNS);
        String findAny = "SELECT c.now AS now, FALSE AS inserted, " + fields
                + " FROM (SELECT ${now} AS now) c LEFT JOIN ${table} k ON k.id ";
        this.find = text.apply(findAny + "= ?");
        for (int count = 1; count <= parametersFor(BatchOperations.MAX_ROWS); count *= 2) {
            findAll.add(text.apply(findAny + "IN (?" + ", ?".repeat(count - 1) + ")"));
        }
        this.findNow = text.apply(
                "SELECT ${now} AS now, FALSE AS inserted, " + fields + " FROM ${table} k WHERE k.id = ? FOR UPDATE");
        this.insertOrFind = text.apply("WITH k AS (" + dialect.insertIfAbsent() + " RETURNING *)"
                + " SELECT k.token AS now, TRUE AS inserted, " + fields + " FROM k UNION ALL"
                + " SELECT c.now AS now, FALSE AS inserted, " + fields.replace("k.", "t.")
                + " FROM (SELECT ${now} AS now) c LEFT JOIN ${table} t ON t.id = ?"
                + " WHERE NOT EXISTS (SELECT 1 FROM k)");
        this.insert =
                text.apply("INSERT INTO ${table} (${columns}) VALUES (?" + ", ?".repeat(COLUMNS.size() - 1) + ")");
        this.insertNew = dialect.insertNew(insert);
        this.writesArrays = dialect.writesArrays();
        this.insertAll = text.apply("INSERT INTO ${table} (${columns}) SELECT n.id, 'C', n.owner, n.now, 1, 0, n.now,"
                + " n.lease_until, n.expires_at, n.fingerprint, NULL FROM unnest(?::BYTEA[], ?::TEXT[], ?::BIGINT[],"
                + " ?::BIGINT[], ?::BIGINT[], ?::BYTEA[]) AS n(id, owner, now, lease_until, expires_at, fingerprint)"
                + " ON CONFLICT (id) DO NOTHING RETURNING id");
        this.completeAll = text.apply("UPDATE ${table} t SET state = n.state, outcome = n.outcome,"
                + " expires_at = ${now} + n.kept FROM unnest(?::BYTEA[], ?::TEXT[], ?::BIGINT[], ?::TEXT[], ?::BYTEA[],"
                + " ?::BIGINT[]) AS n(id, owner, token, state, outcome, kept) WHERE t.id = n.id AND t.owner = n.owner"
                + " AND t.token = n.token AND t.expires_at >= ${now} AND t.state = 'C' RETURNING t.id");
        this.insertIfAbsent = text.apply(dialect.insertIfAbsent());
        this.replace = text.apply("UPDATE ${table} SET state = ?, owner = ?, token = ?, attempts = ?, prior_run = ?,"
                + " begun_at = ?, lease_until = ?, expires_at = ?, fingerprint = ?, outcome = ?"
                + " WHERE id = ? AND state = ? AND token = ? AND attempts = ? AND lease_until = ? AND expires_at = ?");
        this.probeLock = text.apply("SELECT id FROM ${table} WHERE id = ? FOR UPDATE SKIP LOCKED");
        this.renew = text.apply("UPDATE ${table} SET lease_until = GREATEST(lease_until, ${now} + ?),"
                + " expires_at = GREATEST(expires_at, ${now} + ?)" + HELD);
        this.complete = text.apply("UPDATE ${table} SET state = ?, outcome = ?, expires_at = ${now} + ?" + HELD);
        // MySQL assigns from left to right, so what others depend on comes last.
        this.release = text.apply("UPDATE ${table} SET state = CASE WHEN prior_run = 3 AND ? = 1 THEN 'U' ELSE 'R' END,"
                + " prior_run = CASE WHEN prior_run = 3 THEN 3 - ? ELSE GREATEST(prior_run, ?) END,"
                + " attempts = attempts - ?, expires_at = ${now} + ?" + HELD);
        this.withdraw = text.apply("UPDATE ${table} SET state = CASE WHEN prior_run = 3 THEN 'U' ELSE 'R' END,"
                + " attempts = attempts - 1, expires_at = ${now} + ?"
                + " WHERE id = ? AND owner = ? AND expires_at >= ${now} AND state = 'C'");
        this.resetAttempts = text.apply("UPDATE ${table} SET attempts = 0 WHERE id = ? AND state IN ('R', 'U')");
        this.purge = text.apply(dialect.purge());
    }

    /** Whether {@link #insertOrFind} is there. */
    boolean insertsOrFinds() {
        return insertsOrFinds;
    }

    /** One row: the time, and the record of the key where there is one. Takes the id. */
    String find() {
        return now(find);
    }

    /** As {@link #find}, of what is committed now, and not what the transaction has read before; no row where there is none. */
    String findNow() {
        return now(findNow);
    }

    /** As {@link #find}, but that a row is inserted where there is none. Takes what an insertion takes, and the id. */
    String insertOrFind() {
        return now(insertOrFind);
    }

    /**
     * A row for each of some keys that is there, or one without a key if none is; each with the time. Takes {@link
     * #parametersFor} ids, of which several may be the same: so few texts do for all numbers, and drivers know them.
     */
    String findAll(int keys) {
        return now(findAll.get(Integer.numberOfTrailingZeros(parametersFor(keys))));
    }

    /** How many ids {@link #findAll} takes: the next power of two. */
    static int parametersFor(int keys) {
        return keys == 1 ? 1 : Integer.highestOneBit(keys - 1) * 2;
    }

    /** Takes all columns. */
    String insert() {
        return insert;
    }

    /** Whether {@link #insertAll} and {@link #completeAll} are there. */
    boolean writesArrays() {
        return writesArrays;
    }

    /**
     * Inserts rows of keys that were not there, and gives the ids of those that still were not. Takes arrays: ids, owners, the
     * time, ends of leases, expiries, fingerprints.
     */
    String insertAll() {
        return insertAll;
    }

    /**
     * Lets a transaction look rows up by their key alone. A plan is kept, and one that was made while the table was small would
     * read all of it later.
     */
    static String lookUpByKey() {
        return "SELECT set_config('enable_seqscan', 'off', true), set_config('enable_hashjoin', 'off', true),"
                + " set_config('enable_mergejoin', 'off', true)";
    }

    /** Lets a transaction wait only briefly for what another one holds. */
    static String waitBriefly() {
        return "SELECT set_config('lock_timeout', '500', true)";
    }

    /** Completes rows, and gives the ids of those. Takes arrays: ids, owners, tokens, states, outcomes, milliseconds kept. */
    String completeAll() {
        return now(completeAll);
    }

    /** Takes id, owner, milliseconds of the lease, milliseconds until it expires, and fingerprint. */
    String insertIfAbsent() {
        return now(insertIfAbsent);
    }

    /**
     * Inserts the row of a key that was not there, as one of a batch; where it is there meanwhile, does nothing or fails. Takes
     * all columns.
     */
    String insertNew() {
        return insertNew;
    }

    /** Whether the update count of {@link #insertNew} says that the row was inserted. */
    boolean countsInsertions() {
        return countsInsertions;
    }

    /** Takes all columns but the id, and then the id and what must not have changed. */
    String replace() {
        return replace;
    }

    /** A row, unless a transaction that has not ended holds it. Takes the id. */
    String probeLock() {
        return probeLock;
    }

    /** Takes the milliseconds of the lease, those of what follows it, and the owner of the lease. */
    String renew() {
        return now(renew);
    }

    /** Takes the state, the outcome, the milliseconds it is kept, and the owner of the lease. */
    String complete() {
        return now(complete);
    }

    /**
     * Takes whether it leaves an unknown outcome unknown, 1 if it does not, 1 if it may have been done, how many attempts are
     * not to count, the milliseconds it is kept, and the owner of the lease.
     */
    String release() {
        return now(release);
    }

    /** Takes the milliseconds it is kept, the id, and the owner. */
    String withdraw() {
        return now(withdraw);
    }

    /** Takes the id. */
    String resetAttempts() {
        return resetAttempts;
    }

    /** Takes how many. */
    String purge() {
        return now(purge);
    }

    private String now(String statement) {
        return clock == null ? statement : statement.replace(NOW, Long.toString(clock.getAsLong()));
    }
}
