// SPDX-License-Identifier: Apache-2.0
package io.dedup.store.jdbc;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.dedup.IdempotencyKey;
import io.dedup.StoredOutcome;
import io.dedup.store.ClaimRequest;
import io.dedup.store.ClaimResult;
import io.dedup.store.Completion;
import io.dedup.store.LeaseResult;
import io.dedup.store.ScopedKey;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.time.Duration;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.sql.DataSource;
import liquibase.Scope;
import liquibase.command.CommandScope;
import liquibase.command.core.UpdateCommandStep;
import liquibase.command.core.helpers.DbUrlConnectionArgumentsCommandStep;
import liquibase.database.DatabaseFactory;
import liquibase.database.jvm.JdbcConnection;
import liquibase.resource.ClassLoaderResourceAccessor;
import liquibase.resource.CompositeResourceAccessor;
import liquibase.resource.DirectoryResourceAccessor;
import liquibase.resource.ResourceAccessor;
import org.flywaydb.core.Flyway;
import org.h2.jdbcx.JdbcDataSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How docs/databases.md says that the table is created by other means than the store. */
class MigrationToolsTest {
    private static final Path PAGE = Path.of("../docs/databases.md");

    @TempDir
    Path directory;

    @Test
    void flyway_definitionAsAMigration_isWhatTheStoreNeeds() throws Exception {
        // Given
        DataSource database = database("flyway");
        Files.writeString(directory.resolve("V42__dedup_operations.sql"), definition("h2.sql"));
        Flyway flyway = Flyway.configure()
                .dataSource(database)
                .locations("filesystem:" + directory)
                .load();
        // When
        int migrated = flyway.migrate().migrationsExecuted;
        // Then
        assertThat(migrated).isEqualTo(1);
        assertWorks(database);
    }

    @Test
    void liquibase_definitionFromTheClassPath_isWhatTheStoreNeeds() throws Exception {
        // Given
        DataSource database = database("liquibase");
        String changes = block("xml").replace("postgresql.sql", "h2.sql");
        Files.writeString(directory.resolve("changes.xml"), changes);
        // When
        for (int time = 0; time < 2; time++) {
            update(database);
        }
        // Then
        assertThat(changes).contains("h2.sql");
        assertWorks(database);
    }

    private void update(DataSource database) throws Exception {
        ResourceAccessor files = new CompositeResourceAccessor(
                new DirectoryResourceAccessor(directory),
                new ClassLoaderResourceAccessor(getClass().getClassLoader()));
        try (Connection connection = database.getConnection()) {
            CommandScope update = new CommandScope(UpdateCommandStep.COMMAND_NAME)
                    .addArgumentValue(UpdateCommandStep.CHANGELOG_FILE_ARG, "changes.xml")
                    .addArgumentValue(
                            DbUrlConnectionArgumentsCommandStep.DATABASE_ARG,
                            DatabaseFactory.getInstance()
                                    .findCorrectDatabaseImplementation(new JdbcConnection(connection)));
            Scope.child(Scope.Attr.resourceAccessor, files, update::execute);
        }
    }

    @Test
    void definition_shown_isTheOneInTheJar() throws IOException {
        assertThat(block("sql").strip()).isEqualTo(definition("postgresql.sql").strip());
    }

    private static void assertWorks(DataSource database) throws Exception {
        try (JdbcIdempotencyStore store =
                JdbcIdempotencyStore.on(database).withSchema(SchemaPolicy.CHECK).open()) {
            ScopedKey key = new ScopedKey("orders", IdempotencyKey.of("header:id", "a".getBytes(UTF_8)));
            ClaimRequest request = ClaimRequest.of(key, null, Duration.ofMinutes(1), Duration.ofHours(1));
            ClaimResult claimed = store.claim(request);
            assertThat(claimed).isInstanceOf(ClaimResult.Acquired.class);
            Completion completion = Completion.succeeded(StoredOutcome.of(new byte[] {1}));
            assertThat(store.complete(((ClaimResult.Acquired) claimed).claim(), completion, Duration.ofHours(1)))
                    .isEqualTo(new LeaseResult.Done());
        }
    }

    private static DataSource database(String name) {
        JdbcDataSource database = new JdbcDataSource();
        database.setURL("jdbc:h2:mem:" + name + ";DB_CLOSE_DELAY=-1");
        return database;
    }

    private static String definition(String name) throws IOException {
        try (InputStream file = Objects.requireNonNull(Dialect.class.getResourceAsStream(name), name)) {
            return new String(file.readAllBytes(), UTF_8);
        }
    }

    /** The only block of that language on the page. */
    private static String block(String language) throws IOException {
        Matcher found = Pattern.compile("```" + language + "\\n(.*?)```", Pattern.DOTALL)
                .matcher(Files.readString(PAGE));
        assertThat(found.find()).as("a block of %s on the page", language).isTrue();
        return found.group(1);
    }
}
