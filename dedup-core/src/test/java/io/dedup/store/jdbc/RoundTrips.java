// SPDX-License-Identifier: Apache-2.0
package io.dedup.store.jdbc;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import javax.sql.DataSource;

/** A data source that lists what its connections send to the database and wait for: executions, commits and roll-backs. */
final class RoundTrips {
    private static final Set<String> ENDS = Set.of("commit", "rollback");

    private final DataSource real;
    private final BlockingQueue<String> sent = new LinkedBlockingQueue<>();

    RoundTrips(DataSource real) {
        this.real = real;
    }

    /** The names of the methods since the last time. */
    List<String> taken() {
        List<String> taken = new ArrayList<>();
        sent.drainTo(taken);
        return taken;
    }

    DataSource dataSource() {
        return Faults.proxy(
                DataSource.class,
                real,
                (method, args, result) -> result instanceof Connection connection ? listing(connection) : result);
    }

    private Connection listing(Connection connection) {
        return Faults.proxy(Connection.class, connection, (method, args, result) -> {
            if (ENDS.contains(method.getName())) {
                sent.add(method.getName());
            }
            return result instanceof PreparedStatement statement ? listing(statement) : result;
        });
    }

    private PreparedStatement listing(PreparedStatement statement) {
        return Faults.proxy(PreparedStatement.class, statement, (method, args, result) -> {
            if (method.getName().startsWith("execute")) {
                sent.add(method.getName());
            }
            return result;
        });
    }
}
