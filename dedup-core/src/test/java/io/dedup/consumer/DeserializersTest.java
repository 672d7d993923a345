// SPDX-License-Identifier: Apache-2.0
package io.dedup.consumer;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.serialization.Deserializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 1, unit = TimeUnit.MINUTES)
class DeserializersTest {
    private final List<Seen> created = new CopyOnWriteArrayList<>();

    /** Remembers what was done with it, and that no two threads were in it at once. */
    private static class Seen implements Deserializer<String> {
        final List<Object> configured = new CopyOnWriteArrayList<>();
        final AtomicInteger closed = new AtomicInteger();
        final AtomicBoolean shared = new AtomicBoolean();
        private final AtomicInteger within = new AtomicInteger();

        @Override
        public void configure(Map<String, ?> configs, boolean isKey) {
            configured.add(configs.get("registry") + (isKey ? " of keys" : " of values"));
        }

        @Override
        public String deserialize(String topic, byte[] bytes) {
            if (within.incrementAndGet() > 1) {
                shared.set(true);
            }
            Thread.onSpinWait();
            within.decrementAndGet();
            return new String(bytes, UTF_8);
        }

        @Override
        public void close() {
            closed.incrementAndGet();
        }
    }

    private Seen create() {
        Seen one = new Seen();
        created.add(one);
        return one;
    }

    @Test
    void of_suppliers_eachIsConfiguredAsItIsUsedAndClosedOnce() {
        Deserializers<String, String> deserializers = created(2);
        ConsumerRecord<String, String> read = deserializers.read(record());
        deserializers.close();
        deserializers.close();
        assertThat(read.key() + "=" + read.value()).isEqualTo("k=v");
        assertThat(created).hasSize(4).allSatisfy(one -> assertThat(one.closed).hasValue(1));
        assertThat(created)
                .flatExtracting(one -> one.configured)
                .containsExactly("here of keys", "here of values", "here of keys", "here of values");
    }

    @Test
    void read_manyThreads_noneSharesADeserializer() throws Exception {
        Deserializers<String, String> deserializers = created(4);
        ExecutorService threads = Executors.newFixedThreadPool(4);
        List<Future<?>> reading = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            reading.add(threads.submit(() -> {
                for (int n = 0; n < 2_000; n++) {
                    deserializers.read(record());
                }
            }));
        }
        for (Future<?> one : reading) {
            one.get();
        }
        threads.shutdown();
        assertThat(created).hasSize(8).allSatisfy(one -> assertThat(one.shared).isFalse());
    }

    @Test
    void read_threadHangsInItsOwn_anotherPairIsCreatedAndClosedToo() throws Exception {
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        AtomicInteger calls = new AtomicInteger();
        Deserializers<String, String> deserializers = Deserializers.of(
                new Deserializers.Source<>(
                        this::create,
                        () -> new Seen() {
                            @Override
                            public String deserialize(String topic, byte[] bytes) {
                                if (calls.incrementAndGet() == 1) {
                                    begun.countDown();
                                    awaited(goOn);
                                }
                                return super.deserialize(topic, bytes);
                            }
                        },
                        true),
                Map.of(),
                1);
        Thread hanging = new Thread(() -> deserializers.read(record()));
        hanging.start();
        begun.await();
        assertThat(deserializers.read(record()).value()).isEqualTo("v");
        goOn.countDown();
        hanging.join();
        deserializers.close();
        assertThat(created).hasSize(2).allSatisfy(one -> assertThat(one.closed).hasValue(1));
    }

    @Test
    void of_oneCannotBeConfigured_throwsAndClosesAll() {
        Deserializers.Source<String, String> source = new Deserializers.Source<>(
                this::create,
                () -> new Seen() {
                    @Override
                    public void configure(Map<String, ?> configs, boolean isKey) {
                        created.add(this);
                        throw new IllegalStateException("no registry");
                    }
                },
                true);
        assertThatIllegalStateException()
                .isThrownBy(() -> Deserializers.of(source, Map.of(), 3))
                .withMessage("no registry");
        assertThat(created).hasSize(2).allSatisfy(one -> assertThat(one.closed).hasValue(1));
    }

    @Test
    void of_instancesOfTheUser_areNeitherConfiguredNorClosed() {
        Seen keys = create();
        Seen values = create();
        Deserializers<String, String> deserializers =
                Deserializers.of(Deserializers.Source.given(keys, values), Map.of("registry", "here"), 4);
        assertThat(deserializers.read(record()).value()).isEqualTo("v");
        deserializers.close();
        assertThat(created).allSatisfy(one -> {
            assertThat(one.configured).isEmpty();
            assertThat(one.closed).hasValue(0);
        });
    }

    private Deserializers<String, String> created(int threads) {
        return Deserializers.of(
                new Deserializers.Source<>(this::create, this::create, true), Map.of("registry", "here"), threads);
    }

    private static ConsumerRecord<byte[], byte[]> record() {
        return new ConsumerRecord<>("t", 0, 0, "k".getBytes(UTF_8), "v".getBytes(UTF_8));
    }

    private static void awaited(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException interrupted) {
            throw new IllegalStateException(interrupted);
        }
    }
}
