// SPDX-License-Identifier: Apache-2.0
package io.dedup.consumer;

import static org.assertj.core.api.Assertions.assertThat;

import io.dedup.store.contract.StoreClock;
import java.lang.reflect.Proxy;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TimeoutException;
import org.junit.jupiter.api.Test;

class LagTest {
    private static final TopicPartition P0 = new TopicPartition("t", 0);
    private static final TopicPartition P1 = new TopicPartition("t", 1);

    private final Lag lag = new Lag();
    private final Map<TopicPartition, PartitionState> assigned = new HashMap<>();
    private final Map<TopicPartition, OptionalLong> behind = new HashMap<>();

    @Test
    void records_neverLookedAt_areNotKnown() {
        assertThat(lag.records()).isEmpty();
    }

    @Test
    void records_nothingIsAssigned_areNone() {
        look();
        assertThat(lag.records()).hasValue(0);
    }

    @Test
    void records_readButNotDoneWith_countToo() {
        assigned.put(P0, state());
        assigned.put(P1, state(5, 6));
        behind.put(P0, OptionalLong.of(100));
        behind.put(P1, OptionalLong.of(10));
        look();
        assertThat(lag.records()).hasValue(112);
        lag.forget();
        assertThat(lag.records()).as("of a consumer that has ended").isEmpty();
    }

    @Test
    void records_clientDoesNotKnow_areThoseOfTheOthersOrNotKnown() {
        assigned.put(P0, state(5));
        behind.put(P0, OptionalLong.empty());
        look();
        assertThat(lag.records()).isEmpty();
        assigned.put(P1, state());
        behind.put(P1, OptionalLong.of(0));
        Lag later = new Lag();
        later.look(consumer(), assigned);
        assertThat(later.records()).hasValue(0);
    }

    @Test
    void records_clientDoesNotAnswerInTime_areNotKnown() {
        assigned.put(P0, state(5));
        look();
        assertThat(lag.records()).isEmpty();
    }

    @Test
    void look_aMomentAgo_doesNotAskAgain() {
        assigned.put(P0, state());
        behind.put(P0, OptionalLong.of(100));
        look();
        behind.put(P0, OptionalLong.of(0));
        look();
        assertThat(lag.records()).hasValue(100);
    }

    private void look() {
        lag.look(consumer(), assigned);
    }

    private Consumer<?, ?> consumer() {
        return (Consumer<?, ?>) Proxy.newProxyInstance(
                getClass().getClassLoader(), new Class<?>[] {Consumer.class}, (proxy, method, args) -> {
                    assertThat(method.getName()).isEqualTo("currentLag");
                    OptionalLong known = behind.get(args[0]);
                    if (known == null) {
                        throw new TimeoutException("busy");
                    }
                    return known;
                });
    }

    private static PartitionState state(long... offsets) {
        PartitionState state = new PartitionState(ProcessingOrder.KEY, new StoreClock(), null, lane -> {});
        for (long offset : offsets) {
            state.add(
                    List.of(new ConsumerRecord<>("t", 0, offset, new byte[] {(byte) offset}, new byte[0])),
                    new OffsetAndMetadata(offset + 1));
        }
        return state;
    }
}
