// SPDX-License-Identifier: Apache-2.0
package io.dedup.bench;

import io.dedup.bench.Settings.LatencySettings;
import io.dedup.bench.load.Load;
import io.dedup.bench.load.LoadGenerator;
import io.dedup.bench.mode.Mode;
import io.dedup.bench.mode.Modes;
import io.dedup.bench.process.ChildJvm;
import io.dedup.bench.report.Latency;
import io.dedup.bench.report.Results;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.HdrHistogram.Histogram;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Measures how long records are on their way at a fixed rate. A record that is sent late counts from when it was due, so that a
 * sender that is held up does not hide what it waits for. Confined to one thread.
 */
final class LatencyRun {
    private static final String DUE_HEADER = "due";
    /** What is due within this time is sent together: to sleep for each record would take what is measured its processor. */
    private static final long TICK_NANOS = Duration.ofMillis(1).toNanos();

    private static final long LATE_NANOS = Duration.ofMillis(10).toNanos();
    private static final Duration LONGEST = Duration.ofMinutes(10);

    private final Settings settings;
    private final LatencySettings how;
    private final Bed bed;
    private final Results results;
    private final double rate;

    LatencyRun(Settings settings, LatencySettings how, Bed bed, Results results) {
        this.settings = settings;
        this.how = how;
        this.bed = bed;
        this.results = results;
        this.rate = how.recordsPerSecond()
                .orElseGet(() -> results.throughput(Modes.PASS_THROUGH).median() / 2);
    }

    /** What is measured: without a rate of its own, only modes that are to keep up with the one that does not deduplicate. */
    List<Mode> modes() {
        boolean all = how.recordsPerSecond().isPresent();
        return settings.modes().stream()
                .filter(mode -> all || mode.pace() == Mode.Pace.FULL)
                .toList();
    }

    /** Measures that mode. */
    void run(Mode mode) {
        long warmUp = Math.round(rate * how.warmUp().toNanos() / 1e9);
        long records = warmUp + Math.max(1, Math.round(rate * how.measured().toNanos() / 1e9));
        String input = "input-latency-" + mode.name();
        bed.cluster().create(input);
        try (Run run = bed.prepare(mode, input, records)) {
            Histogram histogram = new Histogram(LONGEST.toNanos() / 1_000, 3);
            long lateSends = measure(run, input, warmUp, records, histogram);
            Latency latency = new Latency(
                    mode.name(),
                    rate,
                    histogram.getTotalCount(),
                    lateSends,
                    histogram.getValueAtPercentile(50) / 1e3,
                    histogram.getValueAtPercentile(90) / 1e3,
                    histogram.getValueAtPercentile(99) / 1e3,
                    histogram.getValueAtPercentile(99.9) / 1e3,
                    histogram.getMaxValue() / 1e3);
            results.latency().add(latency);
            bed.say(
                    "latency  %-14s p50 %.1f ms, p90 %.1f ms, p99 %.1f ms, p99.9 %.1f ms at %,.0f records/s",
                    latency.mode(),
                    latency.p50Ms(),
                    latency.p90Ms(),
                    latency.p99Ms(),
                    latency.p999Ms(),
                    latency.recordsPerSecond());
        }
        bed.cluster().delete(input);
    }

    private long measure(Run run, String input, long warmUp, long records, Histogram histogram) {
        long start = System.nanoTime();
        long measuredFrom = start + dueAfter(warmUp);
        AtomicBoolean isCommitted = new AtomicBoolean();
        ExecutorService threads = Executors.newFixedThreadPool(2);
        try (ChildJvm worker = run.start()) {
            Future<Long> sending = threads.submit(() -> send(input, records, start));
            Future<?> reading = threads.submit(() -> read(run.output(), measuredFrom, isCommitted, histogram));
            Workers.answer(worker);
            isCommitted.set(true);
            reading.get();
            return sending.get();
        } catch (ExecutionException failed) {
            throw new BenchFailedException("Latency could not be measured", failed);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new BenchFailedException("Interrupted", interrupted);
        } finally {
            threads.shutdownNow();
        }
    }

    private long dueAfter(long records) {
        return Math.round(records * 1e9 / rate);
    }

    /** Sends every record when it is due, with that moment in a header. */
    private long send(String input, long records, long start) throws ExecutionException, InterruptedException {
        Load given = settings.load();
        LoadGenerator generator = new LoadGenerator(new Load(
                records,
                given.valueBytes(),
                given.duplicateRatio(),
                given.reach(),
                Instant.now(),
                Duration.ofNanos(dueAfter(records)),
                given.ttl(),
                given.seed()));
        Map<String, Object> configs = Map.of("bootstrap.servers", bed.cluster().bootstrapServers(), "linger.ms", 5);
        long late = 0;
        try (var producer = new KafkaProducer<>(configs, new ByteArraySerializer(), new ByteArraySerializer())) {
            Future<?> last = null;
            for (long i = 0; i < records; i++) {
                long due = start + dueAfter(i);
                for (long left = due - System.nanoTime(); left > 0; left = due - System.nanoTime()) {
                    LockSupport.parkNanos(Math.max(left, TICK_NANOS));
                }
                late += System.nanoTime() - due > LATE_NANOS ? 1 : 0;
                generator.next();
                ProducerRecord<byte[], byte[]> record = Cluster.record(input, generator);
                record.headers()
                        .add(
                                DUE_HEADER,
                                ByteBuffer.allocate(Long.BYTES).putLong(due).array());
                last = producer.send(record);
            }
            if (last != null) {
                last.get();
            }
        }
        return late;
    }

    /** Reads until everything is committed and read. */
    private void read(String output, long measuredFrom, AtomicBoolean isCommitted, Histogram histogram) {
        TopicPartition partition = new TopicPartition(output, 0);
        try (KafkaConsumer<byte[], byte[]> consumer = bed.cluster().committedReader()) {
            consumer.assign(List.of(partition));
            consumer.seekToBeginning(List.of(partition));
            boolean isAtEnd = false;
            while (!isAtEnd) {
                boolean wasCommitted = isCommitted.get();
                for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(100))) {
                    long due = ByteBuffer.wrap(
                                    record.headers().lastHeader(DUE_HEADER).value())
                            .getLong();
                    if (due >= measuredFrom) {
                        histogram.recordValue(
                                Math.min((System.nanoTime() - due) / 1_000, histogram.getHighestTrackableValue()));
                    }
                }
                isAtEnd = wasCommitted
                        && consumer.position(partition)
                                >= consumer.endOffsets(List.of(partition)).getOrDefault(partition, 0L);
            }
        }
    }
}
