// SPDX-License-Identifier: Apache-2.0
package io.dedup.store.jdbc;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.dedup.store.KeyRecord;
import io.dedup.store.ScopedKey;
import io.dedup.store.admin.OperationAdmin;
import io.dedup.store.admin.OperationCounts;
import io.dedup.store.admin.OperationPage;
import io.dedup.store.admin.OperationQuery;
import io.dedup.store.admin.OperationState;
import io.dedup.store.admin.Repair;
import io.dedup.store.admin.RepairResult;
import io.dedup.store.admin.StoredOperation;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The operations in a table. Nothing but the primary key helps to find them, so the table is read along it, in blocks of which
 * each is one statement: it takes a bounded time, locks nothing, and claims get a turn in between. Thread-safe.
 */
final class JdbcOperationAdmin implements OperationAdmin {
    private static final HexFormat HEX = HexFormat.of();
    private static final int BLOCK_ROWS = 20_000;
    private static final int BLOCKS_PER_PAGE = 10;
    private static final int ATTEMPTS = 10;
    /** No id is behind it: in UTF-8 no byte is. */
    private static final byte[] END = {(byte) 0xff};

    private final ConnectionLane lane;
    private final Operations operations;
    private final AdminStatements statements;
    private final int timeoutSeconds;
    private final int blockRows;

    JdbcOperationAdmin(ConnectionLane lane, Operations operations, AdminStatements statements, int timeoutSeconds) {
        this(lane, operations, statements, timeoutSeconds, BLOCK_ROWS);
    }

    private JdbcOperationAdmin(
            ConnectionLane lane, Operations operations, AdminStatements statements, int timeoutSeconds, int blockRows) {
        this.lane = lane;
        this.operations = operations;
        this.statements = statements;
        this.timeoutSeconds = timeoutSeconds;
        this.blockRows = blockRows;
    }

    /** The same with blocks of another size, for tests. */
    JdbcOperationAdmin withBlocks(int rows) {
        return new JdbcOperationAdmin(lane, operations, statements, timeoutSeconds, rows);
    }

    /** The ids behind one and up to another. */
    private static final class Block {
        private final byte[] after;
        private final byte[] upTo;
        private final boolean last;

        Block(byte[] after, byte[] upTo, boolean last) {
            this.after = after;
            this.upTo = upTo;
            this.last = last;
        }
    }

    @Override
    public OperationPage list(OperationQuery query) {
        byte[] from = first(query);
        byte[] after = query.cursor().map(JdbcOperationAdmin::position).orElse(from);
        if (Arrays.compareUnsigned(after, from) < 0) {
            throw new IllegalArgumentException("cursor must be one of the same query: " + query.cursor());
        }
        byte[] end = end(from);
        long now = read(this::now);
        List<StoredOperation> found = new ArrayList<>();
        for (int i = 0; i < BLOCKS_PER_PAGE; i++) {
            byte[] start = after;
            Block block = read(connection -> block(connection, start, end));
            int room = query.limit() - found.size();
            List<StoredOperation> some = read(connection -> matching(connection, query, block, now, room));
            found.addAll(some);
            if (some.size() == room) {
                byte[] shown = some.get(room - 1).key().bytes();
                return new OperationPage(found, Optional.of(HEX.formatHex(shown)));
            } else if (block.last) {
                return new OperationPage(found, Optional.empty());
            }
            after = block.upTo;
        }
        return new OperationPage(found, Optional.of(HEX.formatHex(after)));
    }

    private List<StoredOperation> matching(
            Connection connection, OperationQuery query, Block block, long now, int atMost) throws SQLException {
        try (PreparedStatement list = prepare(connection, statements.list(query.states()))) {
            list.setBytes(1, block.after);
            list.setBytes(2, block.upTo);
            list.setLong(3, now);
            list.setLong(4, now - query.olderThan().toMillis());
            list.setLong(5, now);
            list.setInt(6, atMost);
            List<StoredOperation> found = new ArrayList<>();
            try (ResultSet row = list.executeQuery()) {
                while (row.next()) {
                    KeyRecord record = Rows.record(row, listed(row.getString("state")), null);
                    ScopedKey key = ScopedKey.fromBytes(row.getBytes("id"));
                    found.add(new StoredOperation(key, record, row.getLong("outcome_length"), now));
                }
            }
            return found;
        }
    }

    /** As if the outcome had been left out: none is read for a list. */
    private static String listed(String state) {
        return switch (state) {
            case "S" -> "L";
            case "F" -> "M";
            default -> state;
        };
    }

    @Override
    public Optional<StoredOperation> find(ScopedKey key) {
        return read(connection -> Optional.ofNullable(find(connection, key)));
    }

    private @Nullable StoredOperation find(Connection connection, ScopedKey key) throws SQLException {
        long now = now(connection);
        try (PreparedStatement find = prepare(connection, statements.find())) {
            find.setBytes(1, key.bytes());
            find.setLong(2, now);
            try (ResultSet row = find.executeQuery()) {
                if (!row.next()) {
                    return null;
                }
                byte[] outcome = row.getBytes("outcome");
                KeyRecord record = Rows.record(row, row.getString("state"), outcome);
                return new StoredOperation(key, record, outcome == null ? 0 : outcome.length, now);
            }
        }
    }

    @Override
    public OperationCounts count() {
        long now = read(this::now);
        List<OperationCounts.Group> groups = new ArrayList<>();
        byte[] after = {};
        while (true) {
            byte[] from = after;
            Block block = read(connection -> block(connection, from, END));
            groups.addAll(read(connection -> counted(connection, block, now)));
            if (block.last) {
                return OperationCounts.of(groups);
            }
            after = block.upTo;
        }
    }

    private List<OperationCounts.Group> counted(Connection connection, Block block, long now) throws SQLException {
        try (PreparedStatement count = prepare(connection, statements.count())) {
            count.setLong(1, now);
            count.setBytes(2, block.after);
            count.setBytes(3, block.upTo);
            count.setLong(4, now);
            List<OperationCounts.Group> groups = new ArrayList<>();
            try (ResultSet row = count.executeQuery()) {
                while (row.next()) {
                    groups.add(new OperationCounts.Group(
                            new String(row.getBytes("scope"), UTF_8),
                            OperationState.valueOf(row.getString("status").strip()),
                            row.getLong("operations"),
                            Duration.ofMillis(now - row.getLong("oldest"))));
                }
            }
            return groups;
        }
    }

    @Override
    public RepairResult repair(StoredOperation seen, Repair repair) {
        try {
            return lane.call(connection -> repair(connection, seen, repair));
        } catch (SQLException failed) {
            return new RepairResult.Indeterminate(failed);
        }
    }

    private RepairResult repair(Connection connection, StoredOperation seen, Repair repair) throws SQLException {
        for (int attempt = 1; attempt <= ATTEMPTS; attempt++) {
            RepairResult result = repair.decide(find(connection, seen.key()), seen);
            if (!(result instanceof RepairResult.Done done)) {
                return result;
            } else if (operations.isLocked(connection, seen.key())) {
                return new RepairResult.Locked();
            } else if (write(connection, done)) {
                return result;
            }
        }
        throw new SQLException("the key has been changed " + ATTEMPTS + " times meanwhile");
    }

    private boolean write(Connection connection, RepairResult.Done done) throws SQLException {
        KeyRecord before = done.before().record();
        KeyRecord next = done.after().map(StoredOperation::record).orElse(null);
        try (PreparedStatement write = prepare(connection, next == null ? statements.delete() : statements.replace())) {
            Rows.setRepaired(write, done.before().key(), before, next);
            return write.executeUpdate() == 1;
        }
    }

    private Block block(Connection connection, byte[] after, byte[] end) throws SQLException {
        try (PreparedStatement find = prepare(connection, statements.blockEnd())) {
            find.setBytes(1, after);
            find.setBytes(2, end);
            find.setInt(3, blockRows - 1);
            try (ResultSet row = find.executeQuery()) {
                return row.next() ? new Block(after, row.getBytes("id"), false) : new Block(after, end, true);
            }
        }
    }

    private long now(Connection connection) throws SQLException {
        try (PreparedStatement time = prepare(connection, statements.time());
                ResultSet row = time.executeQuery()) {
            row.next();
            return row.getLong("now");
        }
    }

    private PreparedStatement prepare(Connection connection, String sql) throws SQLException {
        PreparedStatement statement = connection.prepareStatement(sql);
        statement.setQueryTimeout(timeoutSeconds);
        return statement;
    }

    private <T> T read(ConnectionLane.Work<T> work) {
        try {
            return lane.call(work);
        } catch (SQLException failed) {
            throw new IllegalStateException("The operations cannot be read: " + failed.getMessage(), failed);
        }
    }

    /** What the ids of a query begin with. */
    private static byte[] first(OperationQuery query) {
        return (query.isPrefix() ? query.scope() : query.scope() + '\0').getBytes(UTF_8);
    }

    /** The first of all ids that come after those that begin so. */
    private static byte[] end(byte[] prefix) {
        if (prefix.length == 0) {
            return END;
        }
        byte[] end = prefix.clone();
        end[end.length - 1]++; // In UTF-8 no byte is the largest.
        return end;
    }

    private static byte[] position(String cursor) {
        try {
            return HEX.parseHex(cursor);
        } catch (IllegalArgumentException malformed) {
            throw new IllegalArgumentException("cursor must be one that a page has named: " + cursor, malformed);
        }
    }
}
