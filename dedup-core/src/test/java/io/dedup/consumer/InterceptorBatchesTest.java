// SPDX-License-Identifier: Apache-2.0
package io.dedup.consumer;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.dedup.internal.metrics.InterceptorCounts;
import io.dedup.store.IdempotencyStore;
import io.dedup.store.memory.MemoryIdempotencyStore;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The records of a poll are claimed together, and decided as if each were alone. */
class InterceptorBatchesTest extends FilterFixture {
    @Test
    void onConsume_severalRecords_areClaimedInOneCall() {
        // When
        List<Object> passed = values(interceptor(Map.of())
                .onConsume(records(
                        record(0, 0, "a", "1"),
                        record(0, 1, null, "no key"),
                        record(0, 2, "b", "2"),
                        record(1, 0, "c", "3"))));
        // Then
        assertThat(passed).containsExactlyInAnyOrder("1", "no key", "2", "3");
        assertThat(store.batches).containsExactly(3);
    }

    @Test
    void onConsume_oneKeyManyTimes_takesTwoCalls() {
        // When
        List<Object> passed = values(interceptor(Map.of())
                .onConsume(records(
                        record(0, 0, "a", "1"),
                        record(0, 1, "a", "2"),
                        record(0, 2, "b", "3"),
                        record(0, 3, "a", "4"),
                        record(0, 4, "b", "5"))));
        // Then
        assertThat(passed).containsExactly("1", "3");
        assertThat(store.batches).containsExactly(2, 3);
    }

    @Test
    void onConsume_moreThanABatchTakes_areClaimedInSeveralCalls() {
        // When
        List<Object> passed = values(interceptor(Map.of())
                .onConsume(records(IntStream.rangeClosed(0, 2 * IdempotencyStore.MAX_BATCH)
                        .mapToObj(i -> record(0, i, "key-" + i, i))
                        .toList())));
        // Then
        assertThat(passed).hasSize(2 * IdempotencyStore.MAX_BATCH + 1);
        assertThat(store.batches).containsExactly(IdempotencyStore.MAX_BATCH, IdempotencyStore.MAX_BATCH, 1);
    }

    @Test
    void onConsume_noRecordHasAKey_asksForNothing() {
        // When
        List<Object> passed = values(interceptor(Map.of()).onConsume(records(record(0, 0, null, "1"))));
        // Then
        assertThat(passed).containsExactly("1");
        assertThat(store.batches).isEmpty();
    }

    /** Its copy could be answered, and must not get ahead of it. */
    @Test
    void onConsume_firstOfTwoIsNotAnswered_itPassesAndNotItsCopy() {
        // Given
        AtomicInteger locked = new AtomicInteger();
        store.isLocked = request -> locked.incrementAndGet() == 1;
        // When
        List<Object> passed =
                values(interceptor(Map.of()).onConsume(records(record(0, 0, "a", "first"), record(0, 1, "a", "copy"))));
        // Then
        assertThat(passed).containsExactly("first");
    }

    @Test
    void onConsume_someAreNotAnswered_onlyTheseAreAskedAgain() {
        // Given
        AtomicInteger asked = new AtomicInteger();
        store.isLocked = request -> asked.incrementAndGet() % 2 == 0;
        // When
        List<Object> passed = values(interceptor(Map.of())
                .onConsume(records(
                        record(0, 0, "a", "1"),
                        record(0, 1, "b", "2"),
                        record(0, 2, "c", "3"),
                        record(0, 3, "d", "4"))));
        // Then
        assertThat(passed).containsExactly("1", "2", "3", "4");
        assertThat(store.batches).containsExactly(4, 2, 1);
    }

    @Test
    void onConsume_storeFailsForOneOfThem_othersAreDecided() {
        // Given
        DedupConsumerInterceptor interceptor = interceptor(Map.of("dedup.mode", "observe"));
        interceptor.onConsume(records(record(0, 0, "a", "1")));
        AtomicInteger asked = new AtomicInteger();
        store.onClaim = result -> {
            // The first of the batch, and when it is asked for alone.
            if (asked.incrementAndGet() <= 2) {
                throw new IllegalStateException("a bug of the driver");
            }
            return result;
        };
        // When
        List<Object> passed = values(
                interceptor.onConsume(records(record(0, 1, "b", "2"), record(0, 2, "a", "1"), record(0, 3, "c", "3"))));
        // Then
        assertThat(passed).containsExactly("2", "1", "3");
        assertThat(count(interceptor, "unprotected-total")).isEqualTo(1);
        assertThat(count(interceptor, "duplicates-total")).isEqualTo(1);
        assertThat(count(interceptor, "passed-total")).isEqualTo(2);
    }

    @Test
    void onConsume_recordAndItsRetryInOnePoll_bothPass() {
        // Given
        ConsumerRecord<Object, Object> copy = record(0, 99, "a", "retry");
        copy.headers().add("kafka_original-topic", "t".getBytes(UTF_8));
        copy.headers().add("kafka_original-partition", ByteBuffer.allocate(4).array());
        copy.headers()
                .add("kafka_original-offset", ByteBuffer.allocate(8).putLong(7).array());
        // When
        List<Object> passed = values(interceptor(Map.of())
                .onConsume(records(record(0, 7, "a", "original"), record(0, 98, "a", "duplicate"), copy)));
        // Then
        assertThat(passed).containsExactly("original", "retry");
    }

    /** A poll is decided as its records would be in polls of their own. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "dedup.mode=observe",
                "dedup.on.missing.key=drop",
                "dedup.fingerprint=value",
                "dedup.fingerprint=value dedup.on.conflict=drop",
                "dedup.ttl.ms=100"
            })
    void onConsume_randomPolls_decidesAsOneByOne(String settings) {
        assertDecidesAsOneByOne(configs(settings), 200, new Random());
    }

    @Test
    void onConsume_randomPollsAndAStoreThatAnswersNotAlways_decidesAsOneByOne() {
        Random random = new Random();
        store.isLocked = request -> random.nextInt(8) == 0;
        assertDecidesAsOneByOne(Map.of(), 20, random);
    }

    private void assertDecidesAsOneByOne(Map<String, String> configs, int polls, Random seeds) {
        long seed = seeds.nextLong();
        Random random = new Random(seed);
        DedupConsumerInterceptor together = interceptor(configs);
        DedupConsumerInterceptor oneByOne = interceptor(configs, MemoryIdempotencyStore.holding(10_000, clock));
        for (int poll = 0; poll < polls; poll++) {
            ConsumerRecords<Object, Object> polled = randomPoll(random);
            List<ConsumerRecord<Object, Object>> expected = new ArrayList<>();
            for (ConsumerRecord<Object, Object> record : polled) {
                oneByOne.onConsume(records(record)).forEach(expected::add);
            }
            assertThat(together.onConsume(polled))
                    .as("poll %d of seed %d", poll, seed)
                    .containsExactlyElementsOf(expected);
            clock.advance(Duration.ofMillis(random.nextInt(20)));
        }
        for (InterceptorCounts.Count count : oneByOne.counts().all()) {
            assertThat(count(together, count.name()))
                    .as("%s of seed %d", count.name(), seed)
                    .isEqualTo(count.value().getAsDouble());
        }
        assertThat(count(together, "duplicates-total") + count(together, "conflicts-total"))
                .as("there was something to decide")
                .isPositive();
    }

    /** Few keys, payloads and coordinates, so that all of them come again. */
    private static ConsumerRecords<Object, Object> randomPoll(Random random) {
        return records(IntStream.range(0, random.nextInt(12))
                .mapToObj(
                        i -> record(random.nextInt(2), random.nextInt(30), randomKey(random), "v" + random.nextInt(2)))
                .toList());
    }

    private static @Nullable String randomKey(Random random) {
        int key = random.nextInt(40);
        return key == 0 ? null : "key-" + key;
    }

    private static Map<String, String> configs(String settings) {
        Map<String, String> configs = new HashMap<>();
        for (String setting : settings.split(" ", -1)) {
            if (!setting.isEmpty()) {
                configs.put(setting.split("=", -1)[0], setting.split("=", -1)[1]);
            }
        }
        return configs;
    }

    private static double count(DedupConsumerInterceptor interceptor, String name) {
        return interceptor.counts().all().stream()
                .filter(count -> count.name().equals(name))
                .findFirst()
                .orElseThrow()
                .value()
                .getAsDouble();
    }
}
