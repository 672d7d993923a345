// SPDX-License-Identifier: Apache-2.0
package io.dedup.store.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What interrupts do to a database in a file, such as those of an operation that has lost its lease. */
@Timeout(120)
class H2InterruptTest {
    private static final int OPERATIONS = 5_000;

    @TempDir
    Path directory;

    private volatile boolean over;

    @AfterEach
    void clearInterrupt() {
        over = true;
        Thread.interrupted();
    }

    /** With {@code jdbc:h2:file:} it ends after some hundred operations, and may not even be closed any more. */
    @Test
    void operations_interruptedInAsyncFiles_goOn() throws SQLException {
        assertThat(operationsUnderInterrupts("jdbc:h2:async:")).isEqualTo(OPERATIONS);
    }

    /** How many operations have succeeded. */
    private int operationsUnderInterrupts(String prefix) throws SQLException {
        int done = 0;
        try (Connection connection =
                        DriverManager.getConnection(prefix + directory.resolve("numbers") + ";CACHE_SIZE=0");
                Statement statement = connection.createStatement()) {
            statement.execute("CREATE TABLE numbers (x INTEGER PRIMARY KEY, text VARCHAR)");
            interrupt(Thread.currentThread());
            while (done < OPERATIONS) {
                statement.execute("INSERT INTO numbers VALUES (" + done + ", REPEAT('x', 5000))");
                statement
                        .executeQuery("SELECT text FROM numbers WHERE x = " + done / 2)
                        .next();
                if (done % 50 == 0) {
                    statement.execute("CHECKPOINT SYNC");
                }
                done++;
            }
        }
        return done;
    }

    private void interrupt(Thread working) {
        Thread interrupting = new Thread(() -> {
            while (!over) {
                working.interrupt();
                LockSupport.parkNanos(1_000_000);
            }
        });
        interrupting.setDaemon(true);
        interrupting.start();
    }
}
