// SPDX-License-Identifier: Apache-2.0
package io.dedup.store.jdbc;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.SQLRecoverableException;
import java.sql.Statement;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** A data source whose connections can be refused, or break just after the database has done what it was told. */
final class Faults {
    private final DataSource real;
    private final AtomicBoolean breaks = new AtomicBoolean();
    private final AtomicBoolean breaksCommit = new AtomicBoolean();
    private final AtomicBoolean refuses = new AtomicBoolean();
    private final AtomicReference<@Nullable Runnable> meanwhile = new AtomicReference<>();

    Faults(DataSource real) {
        this.real = real;
    }

    void breakAfterNextUpdate() {
        breaks.set(true);
    }

    void breakAfterNextCommit() {
        breaksCommit.set(true);
    }

    /** What others do while the next batch of statements is put together. */
    void duringNextBatch(Runnable others) {
        meanwhile.set(others);
    }

    boolean pending() {
        return breaks.get() || breaksCommit.get() || meanwhile.get() != null;
    }

    void refuseConnections() {
        refuses.set(true);
    }

    DataSource dataSource() {
        return proxy(DataSource.class, real, (method, args, result) -> {
            if (refuses.get() && method.getName().equals("getConnection")) {
                if (result instanceof Connection connection) {
                    connection.close();
                }
                throw new SQLRecoverableException("connection refused", "08001");
            }
            return result instanceof Connection connection ? breaking(connection) : result;
        });
    }

    private Connection breaking(Connection connection) {
        return proxy(Connection.class, connection, (method, args, result) -> {
            if (refuses.get() && method.getName().equals("isValid")) {
                return false;
            }
            if (method.getName().equals("commit") && breaksCommit.compareAndSet(true, false)) {
                throw new SQLRecoverableException("connection reset", "08006");
            }
            return result instanceof PreparedStatement statement
                    ? breaking(statement, String.valueOf(args[0]))
                    : result;
        });
    }

    private PreparedStatement breaking(PreparedStatement statement, String sql) {
        boolean writes = sql.contains("INSERT") || sql.startsWith("UPDATE");
        return proxy(PreparedStatement.class, statement, (method, args, result) -> {
            boolean isPut = method.getName().equals("addBatch")
                    || (sql.contains("unnest") && method.getName().equals("setArray"));
            Runnable others = isPut ? meanwhile.getAndSet(null) : null;
            if (others != null) {
                others.run();
            }
            boolean executed = method.getName().startsWith("execute");
            if (executed && (refuses.get() || (writes && breaks.compareAndSet(true, false)))) {
                throw new SQLRecoverableException("connection reset", "08006");
            }
            return result;
        });
    }

    /** A data source that gives a thread the connection of its transaction, and others one of their own. */
    static DataSource binding(DataSource real, Supplier<@Nullable Connection> transactionOfThread) {
        return proxy(DataSource.class, real, (method, args, result) -> {
            Connection transaction = transactionOfThread.get();
            if (transaction == null || !(result instanceof Connection connection)) {
                return result;
            }
            connection.close();
            return unclosed(transaction);
        });
    }

    /** As Spring's proxy: to close it does nothing. */
    private static Connection unclosed(Connection transaction) {
        return (Connection) Proxy.newProxyInstance(
                Connection.class.getClassLoader(), new Class<?>[] {Connection.class}, (self, method, args) -> {
                    if (method.getName().equals("close")) {
                        return null;
                    }
                    try {
                        return method.invoke(transaction, args);
                    } catch (InvocationTargetException thrown) {
                        throw thrown.getCause();
                    }
                });
    }

    /** A data source whose driver sends a batch as one, and does not say which rows it has written. */
    static DataSource withoutCounts(DataSource real) {
        return proxy(
                DataSource.class,
                real,
                (method, args, result) -> result instanceof Connection connection ? withoutCounts(connection) : result);
    }

    private static Connection withoutCounts(Connection connection) {
        return proxy(
                Connection.class,
                connection,
                (method, args, result) -> result instanceof PreparedStatement statement
                        ? proxy(PreparedStatement.class, statement, (called, with, returned) -> {
                            if (returned instanceof int[] counts) {
                                Arrays.fill(counts, Statement.SUCCESS_NO_INFO);
                            }
                            return returned;
                        })
                        : result);
    }

    /** A data source whose connections have auto-commit off, as pools can be configured. */
    static DataSource withoutAutoCommit(DataSource real) {
        return proxy(DataSource.class, real, (method, args, result) -> {
            if (result instanceof Connection connection) {
                connection.setAutoCommit(false);
            }
            return result;
        });
    }

    /** Sees what a method has returned. */
    interface After {
        @Nullable
        Object seen(Method method, Object[] args, @Nullable Object result) throws SQLException;
    }

    static <T> T proxy(Class<T> type, T real, After after) {
        return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, (self, method, args) -> {
            try {
                return after.seen(method, args == null ? new Object[0] : args, method.invoke(real, args));
            } catch (InvocationTargetException thrown) {
                throw thrown.getCause();
            }
        }));
    }
}
