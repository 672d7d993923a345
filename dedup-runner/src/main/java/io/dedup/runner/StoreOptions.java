// SPDX-License-Identifier: Apache-2.0
package io.dedup.runner;

import io.dedup.internal.Sentences;
import io.dedup.store.jdbc.JdbcIdempotencyStore;
import io.dedup.store.jdbc.SchemaPolicy;
import io.dedup.store.redis.RedisIdempotencyStore;
import java.net.URI;
import java.net.URISyntaxException;
import java.sql.Driver;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Which store is meant, and who asks it. No secret is ever in what it says. */
final class StoreOptions {
    private static final String ADDRESS = "DEDUP_CONSUMER_STORE";
    private static final String USER = "DEDUP_CONSUMER_STORE_USER";
    private static final String PASSWORD = "DEDUP_CONSUMER_STORE_PASSWORD";
    private static final int CONNECTIONS = 3;
    private static final Pattern USER_INFO = Pattern.compile("//[^/@]*@");
    private static final Pattern PARAMETERS = Pattern.compile("[?;].*");
    private static final Map<String, String> DRIVERS = Map.of(
            "postgresql", "org.postgresql:postgresql",
            "mysql", "com.mysql:mysql-connector-j",
            "mariadb", "org.mariadb.jdbc:mariadb-java-client",
            "h2", "com.h2database:h2");

    @Option(
            names = "--store",
            paramLabel = "URL",
            description = {
                "The store, as dedup.consumer.store has it: jdbc:postgresql://HOST/DATABASE or redis://HOST:PORT.",
                "Default: the variable " + ADDRESS + "."
            })
    private @Nullable String address;

    @Option(names = "--user", paramLabel = "USER", description = "Default: the variable " + USER + ".")
    private @Nullable String user;

    @Option(
            names = "--password:env",
            paramLabel = "VARIABLE",
            description = "The variable with the password. Default: " + PASSWORD + ".")
    private @Nullable String passwordVariable;

    @Option(
            names = "--table",
            paramLabel = "TABLE",
            defaultValue = JdbcIdempotencyStore.DEFAULT_TABLE,
            description = "The table of a JDBC store. Default: ${DEFAULT-VALUE}.")
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private String table;

    @Option(
            names = "--prefix",
            paramLabel = "TEXT",
            defaultValue = "dedup:",
            description = "What the keys of a store in Redis begin with. Default: ${DEFAULT-VALUE}")
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private String prefix;

    /** Opens the store: a JDBC store has to have its table already. */
    StoreSession open() {
        String url = address == null ? System.getenv(ADDRESS) : address;
        if (url == null || url.isBlank()) {
            throw new CommandFailedException(ExitCode.USAGE, "--store is needed, or the variable " + ADDRESS);
        } else if (url.startsWith("jdbc:")) {
            return jdbc(url);
        } else if (url.startsWith("redis://") || url.startsWith("rediss://")) {
            return redis(url);
        } else if (url.startsWith("memory:")) {
            throw new CommandFailedException(
                    ExitCode.USAGE,
                    "--store=memory: is in the memory of the process that has it; ask there, with"
                            + " MemoryIdempotencyStore.operations()");
        }
        throw new CommandFailedException(
                ExitCode.USAGE, "--store has to begin with jdbc:, redis:// or rediss://: " + shown(url));
    }

    private StoreSession jdbc(String url) {
        requireDriver(url);
        String password = password();
        JdbcIdempotencyStore.Builder builder;
        try {
            builder = JdbcIdempotencyStore.connectingTo(url, user(), password)
                    .withTable(table)
                    .withSchema(SchemaPolicy.CHECK)
                    .withConnections(CONNECTIONS);
        } catch (IllegalArgumentException malformed) {
            throw new CommandFailedException(ExitCode.USAGE, "--table: " + malformed.getMessage());
        }
        try {
            JdbcIdempotencyStore store = builder.open();
            return new StoreSession(shown(url), store, store.operations());
        } catch (IllegalArgumentException | IllegalStateException unusable) {
            throw new CommandFailedException(ExitCode.FAILED, redacted(unusable, url, password));
        } catch (SQLException unreachable) {
            throw new CommandFailedException(
                    ExitCode.UNREACHABLE,
                    Sentences.of("The store cannot be reached", redacted(unreachable, url, password)));
        }
    }

    /** Of a server that evicts keys as well: it is looked at, not trusted. */
    private StoreSession redis(String url) {
        String password = password();
        URI uri;
        try {
            uri = withUser(new URI(url), password);
        } catch (URISyntaxException malformed) {
            throw new CommandFailedException(
                    ExitCode.USAGE,
                    "--store is malformed; escape characters that are special in URLs, as in a password");
        }
        try {
            RedisIdempotencyStore store = RedisIdempotencyStore.connectingTo(uri)
                    .withPrefix(prefix)
                    .withEvictionAccepted()
                    .open();
            return new StoreSession(shown(url), store, store.operations());
        } catch (RuntimeException unreachable) {
            throw new CommandFailedException(
                    ExitCode.UNREACHABLE,
                    Sentences.of("The store cannot be reached", redacted(unreachable, url, password)));
        }
    }

    private URI withUser(URI uri, @Nullable String password) throws URISyntaxException {
        if (uri.getUserInfo() != null || password == null) {
            return uri;
        }
        String name = user();
        return new URI(
                uri.getScheme(),
                (name == null ? "" : name) + ":" + password,
                uri.getHost(),
                uri.getPort(),
                uri.getPath(),
                uri.getQuery(),
                uri.getFragment());
    }

    /** The distribution has the driver of PostgreSQL; others are not ours to hand out. */
    private static void requireDriver(String url) {
        if (DriverManager.drivers().anyMatch(driver -> accepts(driver, url))) {
            return;
        }
        String kind = url.split(":", 3)[1];
        String artifact = DRIVERS.get(kind);
        if (artifact == null) {
            throw new CommandFailedException(
                    ExitCode.USAGE, "--store has to be one of jdbc:" + DRIVERS.keySet() + ", not jdbc:" + kind);
        }
        throw new CommandFailedException(
                ExitCode.USAGE,
                "There is no JDBC driver for jdbc:" + kind + " here. Download " + artifact
                        + " and put the jar on the class path: DEDUP_CLASSPATH=DRIVER.jar bin/dedup …, or"
                        + " java -cp dedup.jar:DRIVER.jar io.dedup.runner.DedupCommand …");
    }

    private static boolean accepts(Driver driver, String url) {
        try {
            return driver.acceptsURL(url);
        } catch (SQLException malformed) {
            return true; // It is for this driver to say what is wrong.
        }
    }

    private @Nullable String user() {
        return user == null ? System.getenv(USER) : user;
    }

    private @Nullable String password() {
        String password = System.getenv(passwordVariable == null ? PASSWORD : passwordVariable);
        if (password == null && passwordVariable != null) {
            throw new CommandFailedException(
                    ExitCode.USAGE, "--password:env names a variable that is not set: " + passwordVariable);
        }
        return password;
    }

    /** The address without user, password and parameters. */
    static String shown(String url) {
        return PARAMETERS.matcher(USER_INFO.matcher(url).replaceAll("//")).replaceAll("");
    }

    /** What a driver says may repeat the address or the password. */
    private static String redacted(Exception failed, String url, @Nullable String password) {
        String message = String.valueOf(failed.getMessage()).replace(url, shown(url));
        if (password != null && !password.isEmpty()) {
            message = message.replace(password, "(hidden)");
        }
        return USER_INFO.matcher(message).replaceAll("//");
    }
}
