// SPDX-License-Identifier: Apache-2.0
package io.dedup.store.jdbc;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.sql.SQLTimeoutException;
import java.sql.SQLTransientConnectionException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A few threads, each with a connection of its own, that do what a store has to do.
 *
 * <p>So the store never uses the connection that a transaction of the caller is bound to, never waits for one that an operation
 * holds, a call takes a bounded time also if the database hangs, and an interrupt of the caller does not reach the driver: it
 * would close a database that is a file of this process.
 *
 * <p>Thread-safe.
 */
final class ConnectionLane implements AutoCloseable {
    private static final Logger LOGGER = LoggerFactory.getLogger(ConnectionLane.class);
    private static final AtomicInteger NUMBERS = new AtomicInteger();
    private static final long VALIDATED_AFTER_NANOS = Duration.ofSeconds(1).toNanos();
    private static final long ENDED_WITHIN_MILLIS = 2_000;
    private static final int VALIDATION_SECONDS = 2;

    private final ConnectionSource source;
    private final Duration timeout;
    private final BlockingQueue<Task<?>> tasks = new LinkedBlockingQueue<>();
    private final List<Worker> workers = new ArrayList<>();
    private volatile boolean closed;

    /** What is done on a connection. */
    interface Work<T> {
        T on(Connection connection) throws SQLException;
    }

    private ConnectionLane(ConnectionSource source, Duration timeout) {
        this.source = source;
        this.timeout = timeout;
    }

    /**
     * Opens so many connections.
     *
     * @param timeout how long the database may take for a statement, and a call may wait for a thread
     * @throws SQLException if one of them cannot be opened
     */
    static ConnectionLane open(ConnectionSource source, int connections, Duration timeout) throws SQLException {
        ConnectionLane lane = new ConnectionLane(source, timeout);
        try {
            // One after another: a pool that grows on demand can leave one of several waiting threads without a
            // connection.
            for (int i = 0; i < connections; i++) {
                Worker worker = lane.new Worker();
                lane.workers.add(worker);
                worker.start();
                worker.awaitOpen();
            }
            return lane;
        } catch (SQLException | RuntimeException failed) {
            lane.close();
            throw failed;
        }
    }

    /**
     * Makes sure that no two threads have the same connection.
     *
     * @throws IllegalStateException if two of them have
     */
    static void requireDistinct(List<ConnectionLane> lanes) throws SQLException {
        Set<Connection> distinct = Collections.newSetFromMap(new IdentityHashMap<>());
        for (Worker worker :
                lanes.stream().flatMap(lane -> lane.workers.stream()).toList()) {
            Connection connection = worker.connection;
            if (connection == null) {
                continue;
            }
            Connection real =
                    connection.isWrapperFor(Connection.class) ? connection.unwrap(Connection.class) : connection;
            if (!distinct.add(real)) {
                throw new IllegalStateException("The data source hands out one connection for all threads, so that the"
                        + " store would commit transactions of the application: give the store a data source that"
                        + " opens a connection for each thread, or a ConnectionSource of its own");
            }
        }
    }

    /**
     * Does something on a connection, and waits for it, whether or not the thread is interrupted.
     *
     * @throws SQLTransientConnectionException if it was not begun
     * @throws SQLException if it failed, or was not answered in time
     */
    <T> T call(Work<T> work) throws SQLException {
        if (closed) {
            throw new SQLTransientConnectionException("The store has been closed");
        }
        Task<T> task = new Task<>(work);
        tasks.add(task);
        if (closed) {
            task.refuse();
        }
        boolean interrupted = false;
        long until = System.nanoTime() + 2 * timeout.toNanos();
        try {
            while (true) {
                try {
                    return task.answer.get(Math.max(0, until - System.nanoTime()), TimeUnit.NANOSECONDS);
                } catch (InterruptedException later) {
                    interrupted = true;
                } catch (TimeoutException late) {
                    if (task.taken.compareAndSet(false, true)) {
                        tasks.remove(task);
                        throw new SQLTransientConnectionException("The " + workers.size() + " connections of the store"
                                + " have been busy for " + timeout.multipliedBy(2)
                                + ": give it more with withConnections()");
                    }
                    throw new SQLTimeoutException("The database has not answered for " + timeout.multipliedBy(2));
                } catch (ExecutionException failed) {
                    throw rethrown(failed.getCause());
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** The failure of another thread, as one of this one. */
    private static SQLException rethrown(@Nullable Throwable cause) {
        if (cause instanceof SQLException failed) {
            SQLException copy = cause instanceof SQLTransientConnectionException
                    ? new SQLTransientConnectionException(failed.getMessage(), failed.getSQLState(), failed)
                    : new SQLException(failed.getMessage(), failed.getSQLState(), failed.getErrorCode(), failed);
            return copy;
        } else if (cause instanceof RuntimeException wrong) {
            throw wrong;
        } else if (cause instanceof Error error) {
            throw error;
        }
        throw new IllegalStateException(cause);
    }

    @Override
    public void close() {
        closed = true;
        refuseAll();
        workers.forEach(worker -> tasks.add(Task.wakeUp()));
        try {
            for (Worker worker : workers) {
                worker.join(ENDED_WITHIN_MILLIS);
            }
        } catch (InterruptedException hurried) {
            Thread.currentThread().interrupt();
        }
    }

    private void refuseAll() {
        for (Task<?> task = tasks.poll(); task != null; task = tasks.poll()) {
            task.refuse();
        }
    }

    /** What a caller waits for. */
    private static final class Task<T> {
        private final Work<T> work;
        private final CompletableFuture<T> answer = new CompletableFuture<>();
        /** Set by the worker that does it, or by the caller that no longer waits for one. */
        private final AtomicBoolean taken = new AtomicBoolean();

        Task(Work<T> work) {
            this.work = work;
        }

        /** Lets a worker look whether the lane is closed: an interrupt could hit the driver. */
        static Task<Boolean> wakeUp() {
            Task<Boolean> task = new Task<>(none -> true);
            task.taken.set(true);
            return task;
        }

        void runOn(Worker worker) {
            if (!taken.compareAndSet(false, true)) {
                return;
            }
            try {
                answer.complete(worker.run(work));
            } catch (Throwable failed) {
                answer.completeExceptionally(failed);
            }
        }

        void refuse() {
            if (taken.compareAndSet(false, true)) {
                answer.completeExceptionally(new SQLTransientConnectionException("The store has been closed"));
            }
        }
    }

    /** A thread with its connection, which nothing else uses. */
    private final class Worker extends Thread {
        private final CompletableFuture<Boolean> opened = new CompletableFuture<>();
        private volatile @Nullable Connection connection;
        // As the connection was opened, and is given back.
        private boolean autoCommit;
        private int networkTimeout;

        private long usedAt;

        Worker() {
            super("dedup-jdbc-" + NUMBERS.incrementAndGet());
            setDaemon(true);
        }

        void awaitOpen() throws SQLException {
            try {
                opened.get();
            } catch (ExecutionException failed) {
                throw rethrown(failed.getCause());
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
                throw new SQLException("interrupted while connections were opened", interrupted);
            }
        }

        @Override
        public void run() {
            try {
                connect();
                opened.complete(true);
                while (!closed) {
                    tasks.take().runOn(this);
                }
            } catch (InterruptedException impossible) {
                LOGGER.warn("A thread of the store was interrupted, and ends", impossible);
            } catch (Throwable failed) {
                opened.completeExceptionally(failed);
            } finally {
                disconnect();
            }
        }

        private <T> T run(Work<T> work) throws SQLException {
            Connection usable = usable();
            try {
                T result = work.on(usable);
                usedAt = System.nanoTime();
                return result;
            } catch (SQLException | RuntimeException failed) {
                if (!isValid(usable) || !commitsByItself(usable)) {
                    disconnect();
                }
                throw failed;
            }
        }

        private Connection usable() throws SQLException {
            Connection open = connection;
            long now = System.nanoTime();
            if (open != null && (now - usedAt < VALIDATED_AFTER_NANOS || isValid(open))) {
                return open;
            }
            disconnect();
            try {
                return connect();
            } catch (SQLException unreachable) {
                throw new SQLTransientConnectionException(
                        "The database cannot be reached: " + unreachable.getMessage(),
                        unreachable.getSQLState(),
                        unreachable);
            }
        }

        private Connection connect() throws SQLException {
            Connection fresh = source.open();
            try {
                autoCommit = fresh.getAutoCommit();
                if (!autoCommit) {
                    fresh.setAutoCommit(true);
                }
                limit(fresh);
            } catch (SQLException | RuntimeException failed) {
                fresh.close();
                throw failed;
            }
            usedAt = System.nanoTime();
            connection = fresh;
            return fresh;
        }

        /** A database that is gone does not say that a statement is late: the socket has to. */
        private void limit(Connection fresh) throws SQLException {
            try {
                networkTimeout = fresh.getNetworkTimeout();
                fresh.setNetworkTimeout(Runnable::run, Math.toIntExact(timeout.toMillis() * 3 / 2));
            } catch (SQLFeatureNotSupportedException notWithThisDriver) {
                LOGGER.debug("The driver has no network timeout", notWithThisDriver);
            }
        }

        private boolean isValid(Connection open) {
            try {
                return open.isValid(VALIDATION_SECONDS);
            } catch (SQLException broken) {
                LOGGER.debug("A connection is broken", broken);
                return false;
            }
        }

        /** Not so after a transaction that could not be ended. */
        private boolean commitsByItself(Connection open) {
            try {
                return open.getAutoCommit();
            } catch (SQLException broken) {
                LOGGER.debug("A connection is broken", broken);
                return false;
            }
        }

        private void disconnect() {
            Connection open = connection;
            connection = null;
            if (open == null) {
                return;
            }
            try (open) {
                if (!autoCommit) {
                    open.setAutoCommit(false);
                }
                open.setNetworkTimeout(Runnable::run, networkTimeout);
            } catch (SQLFeatureNotSupportedException notWithThisDriver) {
                LOGGER.debug("The driver has no network timeout", notWithThisDriver);
            } catch (SQLException broken) {
                LOGGER.debug("A connection could not be closed as it was opened", broken);
            }
        }
    }
}
