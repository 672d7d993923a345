// SPDX-License-Identifier: Apache-2.0
package io.dedup.consumer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.awaitility.Awaitility.await;

import io.dedup.handler.IdempotentHandler;
import io.dedup.handler.Outcome;
import java.io.IOException;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.config.ConfigResource;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Members of share groups on a real broker. */
@Tag("needs-kafka-4.2")
class ShareGroupIT extends ConsumerFixture {
    @Test
    void shareGroup_membersDuplicatesAndFailures_eachKeyOnceAndNothingIsDropped() throws Exception {
        // Given
        String topic = topic("shared", 2);
        // Long enough that on a slow machine no lock is lost, and with it the count of attempts.
        shareGroup(topic, 10_000);
        for (int i = 0; i < 60; i++) {
            send(topic, i % 2, "k", "id-" + i % 40, "v" + i % 40);
        }
        send(topic, 0, "k", null, "no key");
        IdempotentHandler<Void> handler = handler();
        AtomicInteger failures = new AtomicInteger();
        // When
        for (int member = 0; member < 2; member++) {
            opened(consuming(topic).startInShareGroup(handler, (record, execution) -> {
                if (record.value().equals("v7")) {
                    failures.incrementAndGet();
                    throw new IOException("broken pipe");
                }
                run(record, execution);
            }));
        }
        // Then
        await().atMost(PATIENCE)
                .until(() -> runs.size() == 39 && read(topic + "-dead").size() == 3);
        assertThat(runs).allSatisfy((value, times) -> assertThat(times).isEqualTo(1));
        assertThat(failures).as("both copies, since neither was done").hasValue(6);
        assertThat(read(topic + "-dead"))
                .extracting(ConsumerRecord::value)
                .as("both copies of what has failed")
                .containsExactlyInAnyOrder("no key", "v7", "v7");
    }

    /** The lock of the broker is renewed, so that no other member gets the record meanwhile. */
    @Test
    void shareGroup_operationTakesLongerThanTheLock_isDeliveredOnce() throws Exception {
        // Given
        String topic = topic("shared-slow", 1);
        shareGroup(topic, 2_000);
        send(topic, 0, "k", "id-1", "slow");
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        List<Outcome<?>> elsewhere = new CopyOnWriteArrayList<>();
        // When
        opened(renewingQuickly(topic).startInShareGroup(handler(), (record, execution) -> {
            begun.countDown();
            goOn.await();
            run(record, execution);
        }));
        begun.await();
        opened(consuming(topic).startInShareGroup(handlerTelling(elsewhere), this::run));
        await().during(Duration.ofSeconds(4)).atMost(PATIENCE).until(elsewhere::isEmpty);
        goOn.countDown();
        // Then
        await().atMost(PATIENCE).until(() -> runs.size() == 1);
        assertThat(runs).containsOnly(Map.entry("slow", 1));
        assertThat(elsewhere).as("what the other member was given").isEmpty();
        assertThat(read(topic + "-dead")).isEmpty();
    }

    /** The broker counts deliveries and in the end drops what was delivered too often; to renew a lock is none. */
    @Test
    void shareGroup_memberStopsAfterManyRenewals_nextMemberIsGivenTheRecord() throws Exception {
        // Given
        String topic = topic("shared-stopped", 1);
        shareGroup(topic, 2_000);
        send(topic, 0, "k", "id-1", "unfinished");
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch never = new CountDownLatch(1);
        List<Short> deliveries = new CopyOnWriteArrayList<>();
        // One member, so that no other one of the consumer is given what it releases as it closes.
        IdempotentConsumer first = opened(renewingQuickly(topic)
                .withThreads(1, ProcessingOrder.KEY)
                .withDrain(Duration.ofMillis(10))
                .startInShareGroup(handler(), (record, execution) -> {
                    begun.countDown();
                    never.await();
                }));
        begun.await();
        opened(renewingQuickly(topic).startInShareGroup(handler(), (record, execution) -> {
            deliveries.add(record.deliveryCount().orElseThrow());
            run(record, execution);
        }));
        await().during(Duration.ofSeconds(5)).atMost(PATIENCE).until(deliveries::isEmpty);
        // When
        first.close();
        // Then
        await().atMost(PATIENCE).until(() -> runs.size() == 1);
        // A fetch of the member that stops may be on its way, and get once more what that member releases.
        assertThat(deliveries)
                .singleElement()
                .satisfies(count -> assertThat(count).isBetween((short) 2, (short) 3));
        assertThat(read(topic + "-dead")).isEmpty();
    }

    @Test
    void startInShareGroup_noDeadLetterTopic_isRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> IdempotentConsumer.subscribing(configs("t"), "t")
                        .startInShareGroup(handler(), (record, ex) -> {}))
                .withMessageContaining("dead-letter topic");
    }

    /** While a lock is renewed the client gives out no other records, so each thread is a member of its own. */
    @Test
    void shareGroup_oneRecordIsSlow_othersAreHandledMeanwhile() throws Exception {
        // Given
        String topic = topic("shared-idle", 1);
        shareGroup(topic, 2_000);
        send(topic, 0, "k", "id-slow", "slow");
        for (int i = 0; i < 200; i++) {
            send(topic, 0, "k", "id-" + i, "v" + i);
        }
        CountDownLatch goOn = new CountDownLatch(1);
        // When
        opened(renewingQuickly(topic).startInShareGroup(handler(), (record, execution) -> {
            if (record.value().equals("slow")) {
                goOn.await();
            }
            run(record, execution);
        }));
        // Then
        await().atMost(PATIENCE).until(() -> runs.size() == 200);
        assertThat(runs).doesNotContainKey("slow");
        goOn.countDown();
        await().atMost(PATIENCE).until(() -> runs.size() == 201);
        assertThat(runs).allSatisfy((value, times) -> assertThat(times).isEqualTo(1));
    }

    /** Rolling restarts while one worker is blocked: what the broker would drop is a dead letter. */
    @Test
    void shareGroup_closedAndStartedManyTimes_everyRecordIsHandledOrDeadLettered() throws Exception {
        // Given
        String topic = topic("shared-rolling", 1);
        shareGroup(topic, 2_000);
        for (int i = 0; i < 20; i++) {
            send(topic, 0, "k", "id-" + i, "v" + i);
        }
        CountDownLatch never = new CountDownLatch(1);
        // When
        for (int restart = 0; restart < 7; restart++) {
            CountDownLatch blocked = new CountDownLatch(1);
            IdempotentConsumer consumer = renewingQuickly(topic)
                    .withThreads(1, ProcessingOrder.PARTITION)
                    .withDrain(Duration.ofMillis(10))
                    .startInShareGroup(handler(), (record, execution) -> {
                        blocked.countDown();
                        never.await();
                    });
            // It has begun a record, or there is none left that it could begin.
            await().atMost(PATIENCE)
                    .until(() ->
                            blocked.getCount() == 0 || read(topic + "-dead").size() == 20);
            consumer.close();
        }
        opened(renewingQuickly(topic).startInShareGroup(handler(), this::run));
        // Then
        await().atMost(PATIENCE).untilAsserted(() -> {
            Set<String> ended = new HashSet<>(runs.keySet());
            read(topic + "-dead").forEach(letter -> ended.add(letter.value()));
            assertThat(ended).hasSize(20);
        });
        assertThat(read(topic + "-dead"))
                .isNotEmpty()
                .allSatisfy(
                        letter -> assertThat(header(letter, "__dedup.reason")).isEqualTo("delivery-limit"));
    }

    /** From the beginning. */
    static void shareGroup(String group, int lockMs) throws Exception {
        ConfigResource resource = new ConfigResource(ConfigResource.Type.GROUP, group);
        BROKER.admin()
                .incrementalAlterConfigs(Map.of(
                        resource,
                        List.of(
                                set("share.auto.offset.reset", "earliest"),
                                set("share.record.lock.duration.ms", Integer.toString(lockMs)))))
                .all()
                .get();
    }

    private static AlterConfigOp set(String key, String value) {
        return new AlterConfigOp(new ConfigEntry(key, value), AlterConfigOp.OpType.SET);
    }
}
