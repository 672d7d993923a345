// SPDX-License-Identifier: Apache-2.0
package io.dedup.consumer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import io.dedup.internal.metrics.InterceptorCounts;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ConsumerEventsTest {
    private static final ConsumerRecord<byte[], byte[]> RECORD =
            new ConsumerRecord<>("t", 0, 7, new byte[0], new byte[0]);

    private final List<String> heard = new ArrayList<>();
    private final ConsumerCounts counts = new ConsumerCounts();

    /** Says what it hears. */
    private final class Hearing implements ConsumerListener {
        @Override
        public void retried(ConsumerRecord<byte[], byte[]> record, @Nullable Throwable failure, Duration pause) {
            heard.add("retried " + record.offset() + " " + failure + " " + pause);
        }

        @Override
        public void deadLettered(ConsumerRecord<byte[], byte[]> record, String reason, @Nullable Throwable failure) {
            heard.add("dead-lettered " + record.offset() + " " + reason + " " + failure);
        }

        @Override
        public void holding(boolean holds) {
            heard.add("holding " + holds);
        }

        @Override
        public void ended(@Nullable Throwable failure) {
            heard.add("ended " + failure);
        }
    }

    /** Fails at each event. */
    private static final class Failing implements ConsumerListener {
        @Override
        public void retried(ConsumerRecord<byte[], byte[]> record, @Nullable Throwable failure, Duration pause) {
            throw new IllegalStateException("broken listener");
        }

        @Override
        public void ended(@Nullable Throwable failure) {
            throw new IllegalStateException("broken listener");
        }
    }

    @Test
    void events_listenerFails_countsAndOtherListenersDoNotNotice() {
        ConsumerEvents events = new ConsumerEvents(counts, List.of(new Failing(), new Hearing()));
        events.handled();
        events.replayed();
        events.replayed();
        events.retried(RECORD, new RecordHandling.Again(Duration.ofSeconds(1), new IOException("broken pipe")));
        events.deadLettered(RECORD, "conflict", null);
        events.holding(true);
        events.ended(null);
        assertThat(heard)
                .containsExactly(
                        "retried 7 java.io.IOException: broken pipe PT1S",
                        "dead-lettered 7 conflict null",
                        "holding true",
                        "ended null");
        assertThat(counts.all())
                .filteredOn(count -> count.value().getAsDouble() > 0)
                .extracting(
                        InterceptorCounts.Count::name, count -> count.value().getAsDouble())
                .containsExactly(
                        tuple("handled-total", 1.0),
                        tuple("replayed-total", 2.0),
                        tuple("dead-letters-total", 1.0),
                        tuple("retries-total", 1.0));
    }

    /** A restart mends only what has failed. */
    @ParameterizedTest
    @EnumSource(ConsumerHealth.State.class)
    void health_anyState_isLiveUnlessFailedAndReadyOnlyIfRunning(ConsumerHealth.State state) {
        ConsumerHealth health = ConsumerHealth.of(state);
        assertThat(health.isLive()).isEqualTo(state != ConsumerHealth.State.FAILED);
        assertThat(health.isReady()).isEqualTo(state == ConsumerHealth.State.RUNNING);
    }
}
