// SPDX-License-Identifier: Apache-2.0
package io.dedup.consumer;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.dedup.config.DedupConfig;
import io.dedup.store.ClaimRequest;
import io.dedup.store.ClaimResult;
import io.dedup.store.DelegatingStore;
import io.dedup.store.IdempotencyStore;
import io.dedup.store.contract.StoreClock;
import io.dedup.store.memory.MemoryIdempotencyStore;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.jspecify.annotations.Nullable;

/** What tests of the interceptor without a broker have in common. */
abstract class FilterFixture {
    final StoreClock clock = new StoreClock();
    final AnsweringStore store = new AnsweringStore(MemoryIdempotencyStore.holding(10_000, clock));

    /** An interceptor with the store, and a group for each kind of configuration. */
    final DedupConsumerInterceptor interceptor(Map<String, String> more) {
        return interceptor(more, store);
    }

    static DedupConsumerInterceptor interceptor(Map<String, String> more, IdempotencyStore store) {
        Map<String, Object> configs = new HashMap<>(Map.of("group.id", "group-" + more.hashCode()));
        configs.putAll(more);
        DedupConsumerInterceptor interceptor = new DedupConsumerInterceptor();
        interceptor.configure(configs, DedupConfig.ofInterceptor(configs), store);
        return interceptor;
    }

    static ConsumerRecord<Object, Object> record(int partition, long offset, @Nullable String id, Object value) {
        RecordHeaders headers = new RecordHeaders();
        if (id != null) {
            headers.add("idempotency-key", id.getBytes(UTF_8));
        }
        return new ConsumerRecord<>(
                "t", partition, offset, 0, TimestampType.CREATE_TIME, 0, 0, "key", value, headers, Optional.empty());
    }

    @SafeVarargs
    static ConsumerRecords<Object, Object> records(ConsumerRecord<Object, Object>... all) {
        List<ConsumerRecord<Object, Object>> listed = new ArrayList<>();
        for (ConsumerRecord<Object, Object> record : all) {
            listed.add(record);
        }
        return records(listed);
    }

    /** A poll of these records. */
    static ConsumerRecords<Object, Object> records(List<ConsumerRecord<Object, Object>> all) {
        Map<TopicPartition, List<ConsumerRecord<Object, Object>>> records = new HashMap<>();
        Map<TopicPartition, OffsetAndMetadata> next = new HashMap<>();
        for (ConsumerRecord<Object, Object> record : all) {
            TopicPartition partition = new TopicPartition(record.topic(), record.partition());
            records.computeIfAbsent(partition, none -> new ArrayList<>()).add(record);
            next.put(partition, new OffsetAndMetadata(record.offset() + 1, Optional.empty(), ""));
        }
        return ClientFeatures.NEXT_OFFSETS ? new ConsumerRecords<>(records, next) : withoutNextOffsets(records);
    }

    @SuppressWarnings("deprecation") // all there is before 4.0
    private static ConsumerRecords<Object, Object> withoutNextOffsets(
            Map<TopicPartition, List<ConsumerRecord<Object, Object>>> records) {
        return new ConsumerRecords<>(records);
    }

    static List<Object> values(ConsumerRecords<Object, Object> records) {
        List<Object> values = new ArrayList<>();
        records.forEach(record -> values.add(record.value()));
        return values;
    }

    /** A store whose answers a test can change. */
    static final class AnsweringStore extends DelegatingStore {
        /** How many claims were asked for. */
        final AtomicInteger asked = new AtomicInteger();
        /** The sizes of the batches that were claimed. */
        final List<Integer> batches = new CopyOnWriteArrayList<>();

        volatile UnaryOperator<ClaimResult> onClaim = UnaryOperator.identity();
        /** Whether a claim is not given, and its key is said to be locked. */
        volatile Predicate<ClaimRequest> isLocked = request -> false;

        AnsweringStore(IdempotencyStore behind) {
            super(behind);
        }

        @Override
        public ClaimResult claim(ClaimRequest request) {
            asked.incrementAndGet();
            if (isLocked.test(request)) {
                return new ClaimResult.Locked();
            }
            return onClaim.apply(behind.claim(request));
        }

        @Override
        public List<ClaimResult> claimAll(List<ClaimRequest> requests) {
            batches.add(requests.size());
            return super.claimAll(requests);
        }
    }
}
