// SPDX-License-Identifier: Apache-2.0
package io.dedup.store.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dedup.IdempotencyKey;
import io.dedup.store.Claim;
import io.dedup.store.ClaimRequest;
import io.dedup.store.ClaimResult;
import io.dedup.store.Completion;
import io.dedup.store.ScopedKey;
import io.dedup.testing.TestServers;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.tools.DiagnosticCollector;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import redis.clients.jedis.UnifiedJedis;

/** Applications that have one of the drivers. */
class OneDriverIT {
    private static final String JEDIS = "redis.clients.";
    private static final String LETTUCE = "io.lettuce.";

    /** Loads this module anew, without the classes that are hidden. */
    private static final class HidingLoader extends ClassLoader {
        private final List<String> hidden;

        HidingLoader(String... hidden) {
            super(OneDriverIT.class.getClassLoader());
            this.hidden = List.of(hidden);
        }

        @Override
        protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
            if (hidden.stream().anyMatch(name::startsWith)) {
                throw new ClassNotFoundException(name + " is hidden");
            } else if (!name.startsWith("io.dedup.")) {
                return super.loadClass(name, resolve);
            }
            synchronized (getClassLoadingLock(name)) {
                Class<?> loaded = findLoadedClass(name);
                return loaded == null ? define(name) : loaded;
            }
        }

        private Class<?> define(String name) throws ClassNotFoundException {
            try (InputStream stream = getResourceAsStream(name.replace('.', '/') + ".class")) {
                if (stream == null) {
                    throw new ClassNotFoundException(name);
                }
                byte[] bytes = stream.readAllBytes();
                return defineClass(name, bytes, 0, bytes.length);
            } catch (IOException unreadable) {
                throw new ClassNotFoundException(name, unreadable);
            }
        }
    }

    /** What an application does, with what it has. */
    static final class Application implements Callable<String> {
        private final URI address;

        Application(URI address) {
            this.address = address;
        }

        @Override
        public String call() {
            try (RedisIdempotencyStore store =
                    RedisIdempotencyStore.connectingTo(address).open()) {
                ScopedKey key = new ScopedKey("one-driver", IdempotencyKey.of("header:id", new byte[] {1}));
                ClaimRequest request = ClaimRequest.of(key, null, Duration.ofMinutes(1), Duration.ofMinutes(1));
                Claim claim = ((ClaimResult.Acquired) store.claim(request)).claim();
                store.complete(claim, Completion.unknown(), Duration.ofMinutes(1));
                return store.claimAll(List.of(request)).get(0).toString();
            }
        }
    }

    private static String runWithout(URI address, String... hidden) throws Exception {
        Class<?> application = new HidingLoader(hidden).loadClass(Application.class.getName());
        var constructor = application.getDeclaredConstructor(URI.class);
        constructor.setAccessible(true);
        return (String) ((Callable<?>) constructor.newInstance(address)).call();
    }

    @ParameterizedTest
    @ValueSource(strings = {JEDIS, LETTUCE})
    void store_oneDriverIsThere_works(String hidden) throws Exception {
        try (TestServers.Redis server = TestServers.redis()) {
            URI address = URI.create("redis://" + server.host() + ":" + server.port());
            assertThat(runWithout(address, hidden))
                    .isEqualTo(new ClaimResult.Completed(Completion.unknown()).toString());
        }
    }

    @Test
    void connectingTo_noDriverIsThere_namesAClassThatIsMissing() {
        assertThatThrownBy(() -> runWithout(URI.create("redis://localhost:1"), JEDIS, LETTUCE))
                .isInstanceOf(NoClassDefFoundError.class)
                .hasMessageContaining("io/lettuce");
    }

    /** An overload that mentions a class that is not there would not compile. */
    @ParameterizedTest
    @CsvSource({
        "redis.clients.jedis.UnifiedJedis, JedisDriver",
        "io.lettuce.core.RedisClient, LettuceDriver",
        "io.lettuce.core.cluster.RedisClusterClient, LettuceDriver"
    })
    void on_applicationWithOneDriver_compiles(String client, String driver, @TempDir Path output) {
        String source = "class Application { Object store(" + client + " client) {"
                + " return io.dedup.store.redis.RedisIdempotencyStore.on(io.dedup.store.redis." + driver
                + ".of(client)).open(); } }";
        assertThat(errors(source, client.startsWith(JEDIS) ? JEDIS : LETTUCE, output))
                .isEmpty();
    }

    private static List<String> errors(String source, String driver, Path output) {
        Class<?> client = driver.equals(JEDIS) ? UnifiedJedis.class : io.lettuce.core.RedisClient.class;
        String classPath = Stream.of(RedisIdempotencyStore.class, NullMarked.class, client)
                .map(type -> Path.of(URI.create(type.getProtectionDomain()
                                .getCodeSource()
                                .getLocation()
                                .toString()))
                        .toString())
                .collect(Collectors.joining(java.io.File.pathSeparator));
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        DiagnosticCollector<JavaFileObject> problems = new DiagnosticCollector<>();
        JavaFileObject file =
                new SimpleJavaFileObject(URI.create("string:///Application.java"), JavaFileObject.Kind.SOURCE) {
                    @Override
                    public CharSequence getCharContent(boolean ignoreEncodingErrors) {
                        return source;
                    }
                };
        boolean compiled = compiler.getTask(
                        null,
                        null,
                        problems,
                        List.of("-cp", classPath, "-d", output.toString(), "-proc:none"),
                        null,
                        List.of(file))
                .call();
        return compiled
                ? List.of()
                : problems.getDiagnostics().stream().map(Object::toString).toList();
    }
}
