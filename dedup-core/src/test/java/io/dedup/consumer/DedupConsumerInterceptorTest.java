// SPDX-License-Identifier: Apache-2.0
package io.dedup.consumer;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.dedup.config.DedupConfigException;
import io.dedup.store.ClaimResult;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigException;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

class DedupConsumerInterceptorTest extends FilterFixture {
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    @Test
    void onConsume_sameKeyElsewhere_isLeftOut() {
        DedupConsumerInterceptor interceptor = interceptor(Map.of());
        ConsumerRecords<Object, Object> passed =
                interceptor.onConsume(records(record(0, 0, "a", "1"), record(0, 1, "b", "2"), record(0, 2, "a", "1")));
        assertThat(values(passed)).containsExactly("1", "2");
        assertThat(values(interceptor.onConsume(records(record(1, 0, "a", "1")))))
                .isEmpty();
    }

    @Test
    @Tag("needs-kafka-4.0")
    void onConsume_lastIsLeftOut_itsOffsetCounts() {
        ConsumerRecords<Object, Object> passed =
                interceptor(Map.of()).onConsume(records(record(0, 0, "a", "1"), record(0, 1, "a", "1")));
        assertThat(passed.nextOffsets())
                .containsEntry(new TopicPartition("t", 0), new OffsetAndMetadata(2, Optional.empty(), ""));
    }

    /** It was read and not committed: it is not a duplicate of itself. */
    @Test
    void onConsume_sameCoordinatesAgain_passAgainForAnyMember() {
        ConsumerRecords<Object, Object> records = records(record(0, 0, "a", "1"), record(0, 1, "a", "2"));
        assertThat(values(interceptor(Map.of()).onConsume(records))).containsExactly("1");
        assertThat(values(interceptor(Map.of()).onConsume(records))).containsExactly("1");
    }

    /** Another attempt at the record that it was made of, and no duplicate of it. */
    @Test
    void onConsume_copyInARetryTopic_passes() {
        DedupConsumerInterceptor interceptor = interceptor(Map.of("dedup.scope", "payments"));
        ConsumerRecord<Object, Object> first = record(0, 7, "a", "1");
        assertThat(values(interceptor.onConsume(records(first)))).containsExactly("1");
        ConsumerRecord<Object, Object> copy = record(0, 99, "a", "copy");
        copy.headers().add("kafka_original-topic", first.topic().getBytes(UTF_8));
        copy.headers()
                .add(
                        "kafka_original-partition",
                        ByteBuffer.allocate(4).putInt(0).array());
        copy.headers()
                .add("kafka_original-offset", ByteBuffer.allocate(8).putLong(7).array());
        assertThat(values(interceptor.onConsume(records(copy)))).containsExactly("copy");
        assertThat(values(interceptor.onConsume(records(record(0, 100, "a", "duplicate")))))
                .isEmpty();
    }

    @Test
    void configure_isolationLevelIsKafkasDefault_warnsByName() {
        Logger logger = (Logger) LoggerFactory.getLogger(DedupConsumerInterceptor.class);
        ListAppender<ILoggingEvent> log = new ListAppender<>();
        log.start();
        logger.addAppender(log);
        try {
            interceptor(Map.of());
            interceptor(Map.of("isolation.level", "read_committed"));
        } finally {
            logger.detachAppender(log);
        }
        assertThat(log.list)
                .singleElement()
                .satisfies(event -> assertThat(event.getFormattedMessage())
                        .contains("DEDUP-117")
                        .contains("isolation.level")
                        .contains("read_committed"));
    }

    @Test
    void onConsume_anotherGroup_seesEverything() {
        ConsumerRecords<Object, Object> records = records(record(0, 0, "a", "1"));
        interceptor(Map.of()).onConsume(records(record(0, 7, "a", "1")));
        assertThat(values(interceptor(Map.of("group.id", "other")).onConsume(records)))
                .containsExactly("1");
    }

    @Test
    void onConsume_afterTheTtl_isAFirst() {
        DedupConsumerInterceptor interceptor = interceptor(Map.of("dedup.ttl.ms", "1000"));
        interceptor.onConsume(records(record(0, 0, "a", "1")));
        clock.advance(Duration.ofSeconds(1));
        assertThat(values(interceptor.onConsume(records(record(0, 1, "a", "2")))))
                .isEmpty();
        clock.advance(Duration.ofMillis(1));
        assertThat(values(interceptor.onConsume(records(record(0, 2, "a", "3")))))
                .containsExactly("3");
    }

    @Test
    void onConsume_storeIsAway_waitsAndLosesNothing() {
        store.onClaim = result -> new ClaimResult.Unavailable("down", null);
        DedupConsumerInterceptor interceptor = interceptor(Map.of());
        CompletableFuture<ConsumerRecords<Object, Object>> consumed = CompletableFuture.supplyAsync(
                () -> interceptor.onConsume(records(record(0, 0, "a", "1"), record(0, 1, "a", "1"))));
        await().atMost(PATIENCE).until(() -> store.asked.get() >= 3);
        assertThat(consumed).isNotDone();
        store.onClaim = result -> {
            throw new IllegalStateException("a bug of the driver");
        };
        int before = store.asked.get();
        await().atMost(PATIENCE).until(() -> store.asked.get() >= before + 2);
        assertThat(consumed).isNotDone();
        store.onClaim = result -> new ClaimResult.Indeterminate(new IOException("no answer"));
        int then = store.asked.get();
        await().atMost(PATIENCE).until(() -> store.asked.get() >= then + 2);
        store.onClaim = UnaryOperator.identity();
        assertThat(consumed)
                .succeedsWithin(PATIENCE)
                .satisfies(passed -> assertThat(values(passed)).containsExactly("1"));
    }

    /** As while outlived keys are being deleted: it is not known whether it is a duplicate. */
    @Test
    void onConsume_keyIsLocked_waitsAndPasses() {
        AtomicInteger locked = new AtomicInteger();
        store.onClaim = result -> locked.incrementAndGet() <= 2 ? new ClaimResult.Locked() : result;
        assertThat(values(interceptor(Map.of()).onConsume(records(record(0, 0, "a", "1")))))
                .containsExactly("1");
        assertThat(locked).hasValue(3);
    }

    @Test
    void onConsume_interruptedWhileTheStoreIsAway_passesEverythingOn() {
        store.onClaim = result -> new ClaimResult.Unavailable("down", null);
        DedupConsumerInterceptor interceptor = interceptor(Map.of());
        Thread.currentThread().interrupt();
        ConsumerRecords<Object, Object> passed =
                interceptor.onConsume(records(record(0, 0, "a", "1"), record(0, 1, "a", "2")));
        assertThat(Thread.interrupted()).as("still interrupted").isTrue();
        assertThat(values(passed)).containsExactly("1", "2");
    }

    @Test
    void onConsume_noKey_passesUnlessItIsToBeDropped() {
        ConsumerRecords<Object, Object> records = records(record(0, 0, null, "1"), record(0, 1, null, "2"));
        assertThat(values(interceptor(Map.of()).onConsume(records))).containsExactly("1", "2");
        assertThat(values(interceptor(Map.of("dedup.on.missing.key", "drop")).onConsume(records)))
                .isEmpty();
    }

    @Test
    void onConsume_otherPayload_passesUnlessItIsToBeDropped() {
        ConsumerRecords<Object, Object> records = records(record(0, 0, "a", "1"), record(0, 1, "a", "2"));
        assertThat(values(interceptor(Map.of("dedup.fingerprint", "value")).onConsume(records)))
                .containsExactly("1", "2");
        assertThat(values(interceptor(Map.of("dedup.fingerprint", "value", "dedup.on.conflict", "drop"))
                        .onConsume(records)))
                .containsExactly("1");
    }

    @Test
    void onConsume_observing_passesEverything() {
        ConsumerRecords<Object, Object> records = records(record(0, 0, "a", "1"), record(0, 1, "a", "1"));
        assertThat(values(interceptor(Map.of("dedup.mode", "observe")).onConsume(records)))
                .hasSize(2);
        assertThat(store.asked).hasValue(2);
        assertThat(values(interceptor(Map.of("dedup.mode", "off")).onConsume(records)))
                .hasSize(2);
        assertThat(store.asked).as("off asks nobody").hasValue(2);
    }

    @Test
    void onConsume_keyInAnObject_passesSinceItCannotBeRead() {
        DedupConsumerInterceptor interceptor = interceptor(Map.of("dedup.key", "value:/id"));
        assertThat(values(interceptor.onConsume(records(record(0, 0, null, 42), record(0, 1, null, 42)))))
                .containsExactly(42, 42);
        assertThat(values(interceptor.onConsume(
                        records(record(0, 2, null, "{\"id\":7}"), record(0, 3, null, "{\"id\":7}")))))
                .hasSize(1);
    }

    @Test
    void onConsume_observingWhileTheStoreIsAway_waitsForNobody() {
        store.onClaim = result -> new ClaimResult.Unavailable("down", null);
        assertThat(values(interceptor(Map.of("dedup.mode", "observe")).onConsume(records(record(0, 0, "a", "1")))))
                .containsExactly("1");
    }

    @Test
    void configure_off_needsNoStore() {
        try (DedupConsumerInterceptor interceptor = new DedupConsumerInterceptor()) {
            interceptor.configure(Map.of("dedup.mode", "off", "dedup.consumer.store", "redis://localhost:1"));
            ConsumerRecords<Object, Object> records = records(record(0, 0, "a", "1"));
            assertThat(interceptor.onConsume(records)).isSameAs(records);
        }
    }

    @Test
    void onConsume_keyTooLongForAnyStore_passesAndTheOthersAreStillJudged() {
        DedupConsumerInterceptor interceptor = interceptor(Map.of("dedup.key.max.bytes", "2000"));
        assertThat(values(interceptor.onConsume(
                        records(record(0, 0, "a", "1"), record(0, 1, "x".repeat(1100), "2"), record(0, 2, "a", "1")))))
                .containsExactly("1", "2");
    }

    @Test
    void onConsume_groupAndScopeThatRunIntoEachOther_areDifferent() {
        ConsumerRecords<Object, Object> records = records(record(0, 0, "a", "1"));
        interceptor(Map.of("group.id", "x", "dedup.scope", "y/z")).onConsume(records(record(0, 5, "a", "1")));
        assertThat(values(interceptor(Map.of("group.id", "x/y", "dedup.scope", "z"))
                        .onConsume(records)))
                .containsExactly("1");
    }

    @Test
    void configure_sameMemoryTwice_isShared() {
        Map<String, Object> configs = Map.of("group.id", "g", "dedup.consumer.store", "memory:10");
        try (DedupConsumerInterceptor one = new DedupConsumerInterceptor();
                DedupConsumerInterceptor two = new DedupConsumerInterceptor()) {
            one.configure(configs);
            two.configure(configs);
            assertThat(values(one.onConsume(records(record(0, 0, "a", "1"))))).hasSize(1);
            assertThat(values(two.onConsume(records(record(1, 0, "a", "1"))))).isEmpty();
        }
        try (DedupConsumerInterceptor later = new DedupConsumerInterceptor()) {
            later.configure(configs);
            assertThat(values(later.onConsume(records(record(2, 0, "a", "1")))))
                    .as("gone with the last that used it")
                    .hasSize(1);
        }
    }

    @Test
    void configure_malformedAddress_doesNotShowThePassword() {
        assertThatExceptionOfType(ConfigException.class)
                .isThrownBy(() -> configured(Map.of("dedup.consumer.store", "redis://user:s3cr^et@localhost:6379")))
                .withMessageContaining("malformed")
                .satisfies(refused -> assertThat(refused.getMessage()).doesNotContain("s3cr"));
    }

    @Test
    void configure_noStore_saysWhichKey() {
        assertThatExceptionOfType(ConfigException.class)
                .isThrownBy(() -> configured(Map.of("group.id", "g")))
                .withMessageContaining("dedup.consumer.store")
                .withMessageContaining("jdbc:");
    }

    /** The same address with another login is another store, and a wrong login none. */
    @Test
    void configure_sameAddressAndOtherLogin_isNotTheSameStore() {
        String address = "jdbc:h2:mem:" + UUID.randomUUID();
        Map<String, Object> right = Map.of(
                "group.id",
                "g",
                "dedup.consumer.store",
                address,
                "dedup.consumer.store.user",
                "clerk",
                "dedup.consumer.store.password",
                "correct-horse");
        Map<String, Object> wrong = new HashMap<>(right);
        wrong.put("dedup.consumer.store.password", "battery-staple");
        DedupConsumerInterceptor first = new DedupConsumerInterceptor();
        first.configure(right);
        try {
            assertThatExceptionOfType(ConfigException.class)
                    .isThrownBy(() -> configured(wrong))
                    .satisfies(refused -> assertThat(stackTrace(refused))
                            .contains("user name or password")
                            .doesNotContain("battery-staple")
                            .doesNotContain("correct-horse"));
        } finally {
            first.close();
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "jdbc:nosuchdriver://host/db?user=clerk&password=battery-staple",
                "jdbc:h2:tcp://localhost:1/db;USER=clerk;PASSWORD=battery-staple",
                "jdbc:h2:mem:x;USER=clerk;PASSWORD=battery-staple;NO_SUCH_SETTING=1",
                "redis://clerk:battery-staple@localhost:1"
            })
    void configure_passwordInTheAddress_isInNothingThatIsThrown(String address) {
        assertThatExceptionOfType(ConfigException.class)
                .isThrownBy(() -> configured(Map.of("group.id", "g", "dedup.consumer.store", address)))
                .satisfies(refused -> assertThat(stackTrace(refused)).doesNotContain("battery-staple"));
    }

    private static String stackTrace(Throwable thrown) {
        StringWriter text = new StringWriter();
        thrown.printStackTrace(new PrintWriter(text));
        return text.toString();
    }

    @ParameterizedTest
    @ValueSource(strings = {"postgres://secret@host", "memory:0", "memory:many", "redis:6379"})
    void configure_addressOfNoStore_isRefusedAndNotShown(String address) {
        assertThatExceptionOfType(DedupConfigException.class)
                .isThrownBy(() -> configured(Map.of("dedup.consumer.store", address)))
                .withMessageContaining("dedup.consumer.store")
                .withMessageContaining("redis://")
                .satisfies(refused -> assertThat(refused.getMessage()).doesNotContain("secret"));
    }

    @Test
    void configure_typoOrImpossibleAction_isRefused() {
        assertThatExceptionOfType(DedupConfigException.class)
                .isThrownBy(() -> configured(Map.of("dedup.consumer.stor", "memory:10")))
                .withMessageContaining("Did you mean dedup.consumer.store?");
        assertThatExceptionOfType(DedupConfigException.class)
                .isThrownBy(() -> configured(Map.of(
                        "dedup.consumer.store",
                        "memory:10",
                        "dedup.on.missing.key",
                        "dead-letter",
                        "dedup.dead.letter.topic",
                        "dead")))
                .withMessageContaining("dedup.on.missing.key=dead-letter");
    }

    @Test
    void configure_storeThatIsNotThere_saysSo() {
        assertThatExceptionOfType(ConfigException.class)
                .isThrownBy(() -> configured(Map.of("dedup.consumer.store", "redis://localhost:1")))
                .withMessageContaining("cannot be opened");
    }

    private static void configured(Map<String, ?> configs) {
        try (DedupConsumerInterceptor interceptor = new DedupConsumerInterceptor()) {
            interceptor.configure(configs);
        }
    }
}
