// SPDX-License-Identifier: Apache-2.0
package io.dedup.bench.mode;

import io.dedup.bench.mode.Mode.Answer;
import io.dedup.bench.mode.Mode.Pace;
import io.dedup.bench.mode.Mode.Server;
import io.dedup.key.KeyExtractors;
import io.dedup.streams.Dedup;
import io.dedup.streams.store.StoreEngine;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** All modes. Another one is a line here. */
public final class Modes {
    /** What the others are compared with. */
    public static final String PASS_THROUGH = "pass-through";

    private static final List<Mode> ALL = List.of(
            streams(
                    PASS_THROUGH,
                    "from topic to topic, with nothing in between",
                    Answer.ALL,
                    StreamsMode.bytes((stream, task) -> stream)),
            ofEngine("rocksdb"),
            ofEngine("memory"),
            heavy(
                    "tutorial",
                    "the algorithm of the tutorials: a window store, an iterator and a write for each record",
                    StreamsMode.bytes((stream, task) ->
                            stream.processValues(Tutorial.supplier(Duration.ofMillis(task.ttlMs()))))),
            heavy(
                    "kstreamplify",
                    "kstreamplify's processor, which deduplicates by record key",
                    StreamsMode.topology(Kstreamplify::define)),
            slow(
                    "camel",
                    "a plain consumer with Camel's KafkaIdempotentRepository and its defaults",
                    Answer.OWN,
                    Server.NONE,
                    ConsumerMode.of(CamelFilter::open)),
            slow(
                    "redis",
                    "a plain consumer that sets a key in Redis unless it is there",
                    Answer.DISTINCT,
                    Server.REDIS,
                    ConsumerMode.of(RedisFilter::open)),
            slow(
                    "jdbc",
                    "a plain consumer that inserts a row in PostgreSQL unless it is there",
                    Answer.DISTINCT,
                    Server.POSTGRES,
                    ConsumerMode.of(JdbcFilter::open)),
            slow(
                    "handler-memory",
                    "dedup's consumer and handler in batches, with the store in memory",
                    Answer.DISTINCT,
                    Server.NONE,
                    HandlerMode.inMemory(true)),
            slow(
                    "handler-redis",
                    "dedup's consumer and handler in batches, with the store in Redis",
                    Answer.DISTINCT,
                    Server.REDIS,
                    HandlerMode.inRedis(true)),
            slow(
                    "handler-jdbc",
                    "dedup's consumer and handler in batches, with the store in PostgreSQL",
                    Answer.DISTINCT,
                    Server.POSTGRES,
                    HandlerMode.inDatabase(true)),
            slow(
                    "handler-memory-single",
                    "as handler-memory, one record at a time on eight threads",
                    Answer.DISTINCT,
                    Server.NONE,
                    HandlerMode.inMemory(false)),
            slow(
                    "handler-redis-single",
                    "as handler-redis, one record at a time on eight threads",
                    Answer.DISTINCT,
                    Server.REDIS,
                    HandlerMode.inRedis(false)),
            slow(
                    "handler-jdbc-single",
                    "as handler-jdbc, one record at a time on eight threads",
                    Answer.DISTINCT,
                    Server.POSTGRES,
                    HandlerMode.inDatabase(false)));

    private Modes() {}

    /** Every mode that has a name here. */
    public static List<Mode> all() {
        return ALL;
    }

    /** The mode of that name; any other store engine of dedup is a mode by its name in configuration. */
    public static Optional<Mode> named(String name) {
        Optional<Mode> listed =
                ALL.stream().filter(mode -> mode.name().equals(name)).findFirst();
        return listed.isPresent() || !isEngine(name) ? listed : Optional.of(ofEngine(name));
    }

    private static boolean isEngine(String name) {
        try {
            StoreEngine.named(name);
            return true;
        } catch (IllegalArgumentException unknown) {
            return false;
        }
    }

    private static Mode ofEngine(String engine) {
        return streams(
                engine,
                "dedup with its store engine '" + engine + "'",
                Answer.DISTINCT,
                StreamsMode.bytes((stream, task) -> Dedup.by(KeyExtractors.header(Mode.KEY_HEADER))
                        .within(Duration.ofMillis(task.ttlMs()))
                        .withStore(StoreEngine.named(engine))
                        .apply(stream)));
    }

    private static Mode streams(String name, String description, Answer answer, Mode.Start start) {
        return new Mode(name, description, Pace.FULL, answer, Server.NONE, start);
    }

    private static Mode heavy(String name, String description, Mode.Start start) {
        return new Mode(name, description, Pace.HEAVY, Answer.DISTINCT, Server.NONE, start);
    }

    private static Mode slow(String name, String description, Answer answer, Server server, Mode.Start start) {
        return new Mode(name, description, Pace.SLOW, answer, server, start);
    }
}
