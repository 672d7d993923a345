// SPDX-License-Identifier: Apache-2.0
package io.dedup.consumer;

import static org.assertj.core.api.Assertions.assertThat;

import io.dedup.store.contract.StoreClock;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeSet;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PartitionStateTest {
    private final StoreClock clock = new StoreClock();
    private final Deque<PartitionState.Lane> ready = new ArrayDeque<>();

    @Test
    void toCommit_recordsInTheMiddleAreDone_isTheFirstThatIsNot() {
        PartitionState state = state(ProcessingOrder.KEY);
        state.add(List.of(record(5, "a"), record(6, "b"), record(7, "c")), offset(9));
        PartitionState.Lane first = ready.removeFirst();
        PartitionState.Lane second = ready.removeFirst();
        first.begin();
        second.begin();
        assertThat(state.toCommit()).contains(held(5));
        second.done();
        assertThat(state.toCommit()).as("6 is done but 5 is not").contains(held(5));
        first.done();
        assertThat(state.toCommit()).contains(held(7));
        ready.getFirst().begin();
        ready.removeFirst().done();
        assertThat(state.toCommit()).as("with what is behind the last record").contains(offset(9));
        assertThat(state.size()).isZero();
    }

    /** Its age goes with its offset to the next member, and not with others. */
    @Test
    void oldestAge_readByAnEarlierMember_countsFromThere() {
        PartitionState before = state(ProcessingOrder.KEY);
        before.add(List.of(record(5, "a"), record(6, "b")), offset(7));
        OffsetAndMetadata committed = before.toCommit().orElseThrow();
        clock.advance(Duration.ofHours(10));
        PartitionState after = new PartitionState(ProcessingOrder.KEY, clock, committed, ready::add);
        after.add(List.of(record(5, "a"), record(6, "b")), offset(7));
        assertThat(after.oldestAge()).isEqualTo(Duration.ofHours(10));
        assertThat(after.toCommit()).contains(committed);
        PartitionState ofAnother = new PartitionState(ProcessingOrder.KEY, clock, committed, ready::add);
        ofAnother.add(List.of(record(6, "b")), offset(7));
        assertThat(ofAnother.oldestAge()).isZero();
        OffsetAndMetadata foreign = new OffsetAndMetadata(5, Optional.empty(), "dedup-read-since=yesterday");
        PartitionState odd = new PartitionState(ProcessingOrder.KEY, clock, foreign, ready::add);
        odd.add(List.of(record(5, "a")), offset(6));
        assertThat(odd.oldestAge()).isZero();
    }

    @Test
    void toCommit_committedAlready_isNothing() {
        PartitionState state = state(ProcessingOrder.KEY);
        assertThat(state.toCommit()).isEmpty();
        state.add(List.of(), offset(3));
        assertThat(state.toCommit()).as("only markers were read").contains(offset(3));
        state.committed(offset(3));
        assertThat(state.toCommit()).isEmpty();
    }

    @Test
    void lanes_orderOfThePartition_isOneAtATime() {
        PartitionState state = state(ProcessingOrder.PARTITION);
        state.add(List.of(record(0, "a"), record(1, "b")), offset(2));
        assertThat(ready).hasSize(1);
        PartitionState.Lane lane = ready.removeFirst();
        assertThat(begun(lane).offset()).isZero();
        lane.again();
        assertThat(ready).as("until somebody begins it again").isEmpty();
        assertThat(begun(lane).offset()).isZero();
        lane.done();
        assertThat(begun(ready.removeFirst()).offset()).isEqualTo(1);
    }

    @Test
    void lanes_orderOfKeys_recordsWithoutAKeyWaitForEachOther() {
        PartitionState state = state(ProcessingOrder.KEY);
        state.add(List.of(record(0, null), record(1, null), record(2, "a")), offset(3));
        assertThat(ready).hasSize(2);
    }

    @Test
    void begin_stopped_isNothingAndIdle() throws InterruptedException {
        PartitionState state = state(ProcessingOrder.KEY);
        state.add(List.of(record(0, "a"), record(1, "b")), offset(2));
        PartitionState.Lane running = ready.removeFirst();
        running.begin();
        state.stop();
        assertThat(ready.removeFirst().begin()).isNull();
        assertThat(state.awaitIdle(Duration.ofMillis(1))).isFalse();
        running.done();
        assertThat(state.awaitIdle(Duration.ofMillis(1))).isTrue();
        assertThat(state.toCommit()).contains(held(1));
    }

    /** Whatever is done in whatever order: what may be committed is the lowest offset that is not done with. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void anyHistory_isThatOfTheReference(long seed) {
        Random random = new Random(seed);
        PartitionState state = state(ProcessingOrder.KEY);
        TreeSet<Long> open = new TreeSet<>();
        Map<String, Long> lastOfKey = new HashMap<>();
        List<PartitionState.Lane> running = new ArrayList<>();
        Map<PartitionState.Lane, ConsumerRecord<byte[], byte[]>> records = new HashMap<>();
        long next = 0;
        for (int step = 0; step < 500; step++) {
            switch (random.nextInt(3)) {
                case 0 -> {
                    List<ConsumerRecord<byte[], byte[]>> read = new ArrayList<>();
                    for (int i = random.nextInt(4); i > 0; i--) {
                        open.add(next);
                        read.add(record(next++, "k" + random.nextInt(5)));
                        next += random.nextInt(2);
                    }
                    state.add(read, offset(next));
                }
                case 1 -> {
                    if (!ready.isEmpty()) {
                        PartitionState.Lane lane = ready.removeFirst();
                        ConsumerRecord<byte[], byte[]> record = begun(lane);
                        String key = new String(record.key(), StandardCharsets.UTF_8);
                        assertThat(record.offset())
                                .as("seed %d, step %d: in order of the key", seed, step)
                                .isGreaterThan(lastOfKey.getOrDefault(key, -1L));
                        running.add(lane);
                        records.put(lane, record);
                    }
                }
                default -> {
                    if (!running.isEmpty()) {
                        PartitionState.Lane lane = running.remove(random.nextInt(running.size()));
                        ConsumerRecord<byte[], byte[]> record = records.get(lane);
                        if (record != null && random.nextInt(4) > 0) {
                            lastOfKey.put(new String(record.key(), StandardCharsets.UTF_8), record.offset());
                            open.remove(record.offset());
                            lane.done();
                        } else {
                            lane.again();
                            ready.add(lane);
                        }
                    }
                }
            }
            long expected = open.isEmpty() ? next : open.first();
            Optional<OffsetAndMetadata> toCommit = state.toCommit();
            if (step > 0 && toCommit.isPresent()) {
                assertThat(toCommit.get().offset())
                        .as("seed %d, step %d", seed, step)
                        .isEqualTo(expected);
            }
            assertThat(state.size()).isEqualTo(open.size());
        }
    }

    private PartitionState state(ProcessingOrder order) {
        return new PartitionState(order, clock, null, ready::add);
    }

    private static ConsumerRecord<byte[], byte[]> begun(PartitionState.Lane lane) {
        ConsumerRecord<byte[], byte[]> record = lane.begin();
        assertThat(record).isNotNull();
        if (record == null) {
            throw new AssertionError("nothing was begun");
        }
        return record;
    }

    /** The offset of a record that was read when the clock began. */
    private static OffsetAndMetadata held(long offset) {
        return new OffsetAndMetadata(offset, Optional.empty(), "dedup-read-since=" + new StoreClock().millis());
    }

    private static OffsetAndMetadata offset(long offset) {
        return new OffsetAndMetadata(offset, Optional.empty(), "");
    }

    private static ConsumerRecord<byte[], byte[]> record(long offset, @Nullable String key) {
        byte[] bytes = key == null ? null : key.getBytes(StandardCharsets.UTF_8);
        return new ConsumerRecord<>("t", 0, offset, bytes, new byte[0]);
    }
}
