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
import io.dedup.bench.worker.WorkerAnswer;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.HdrHistogram.Histogram;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Measures how long records are on their way at a fixed rate: that which is given, or else half of what the mode that does not
 * deduplicate takes at most with the same sender and reader beside it. Before that, as much is sent as quickly as can be and waited for
 * until it is committed, so that code is compiled, and no queue left from the time when it was not. A record that is sent late
 * counts from when it was due, so that a sender that is held up does not hide what it waits for. All runs of a mode are counted together.
 *
 * <p>Confined to one thread.
 */
final class LatencyRun {
    private static final String DUE_HEADER = "due";
    /** What is due within this time is sent together: to sleep for each record would take what is measured its processor. */
    private static final long TICK_NANOS = Duration.ofMillis(1).toNanos();

    private static final long LATE_NANOS = Duration.ofMillis(10).toNanos();
    private static final double UNKNOWN = Double.NaN;
    private static final double AS_QUICKLY_AS_CAN_BE = Double.POSITIVE_INFINITY;
    /** How much is read as quickly as can be, to see how much that is. */
    private static final long MAX_AT_PEAK = 3_000_000;
    /** How many times as much there is to send meanwhile, so that the sender is there until the end. */
    private static final long SENT_AT_PEAK = 10;

    /** Over how much event time records are spread at least: what is sent as quickly as can be is all due at once. */
    private static final Duration MIN_SPAN = Duration.ofSeconds(30);

    private static final Duration MAX_WAIT = Duration.ofMinutes(10);
    private static final Duration ASK_EVERY = Duration.ofMillis(20);

    private final Settings settings;
    private final LatencySettings how;
    private final TestBed bed;
    private final Results results;
    private final Map<Mode, Histogram> histograms = new HashMap<>();
    private final Map<Mode, Long> lateSends = new HashMap<>();
    private double rate;

    LatencyRun(Settings settings, LatencySettings how, TestBed bed, Results results) {
        this.settings = settings;
        this.how = how;
        this.bed = bed;
        this.results = results;
        this.rate = how.recordsPerSecond().orElse(UNKNOWN);
    }

    /** What is measured: without a rate of its own, only modes that are to keep up with the one that does not deduplicate. */
    List<Mode> modes() {
        boolean all = how.recordsPerSecond().isPresent();
        return settings.modes().stream()
                .filter(mode -> all || mode.pace() == Mode.Pace.FULL)
                .toList();
    }

    /** Whether there is a rate to measure at. */
    boolean hasRate() {
        return !Double.isNaN(rate);
    }

    /** The mode that tells the rate. */
    static Mode reference() {
        return Modes.named(Modes.PASS_THROUGH).orElseThrow();
    }

    /** Finds out the rate, unless it was given. */
    void findRate() {
        if (how.recordsPerSecond().isPresent()) {
            return;
        }
        Mode mode = reference();
        long records = Math.min(MAX_AT_PEAK, settings.load().records());
        long toSend = SENT_AT_PEAK * records;
        String input = "input-peak";
        bed.cluster().create(input);
        try (Run run = bed.prepare(mode, input, records)) {
            WorkerAnswer answer = measure(run, input, AS_QUICKLY_AS_CAN_BE, toSend, toSend, histogram())
                    .worker();
            long measured = Math.max(1, records / 2);
            double peak = measured / answer.took(records - measured, records).seconds();
            bed.say("latency  %s takes %,.0f records/s with sender and reader beside it", mode.name(), peak);
            rate = peak / 2;
        } finally {
            bed.cluster().delete(input);
        }
    }

    /** Runs that mode once more, and reports what all its runs have shown. */
    void run(Mode mode) {
        long warmUp = Math.round(rate * how.warmUp().toNanos() / 1e9);
        long records = warmUp + Math.max(1, Math.round(rate * how.measured().toNanos() / 1e9));
        String input = "input-latency-" + mode.name();
        bed.cluster().create(input);
        try (Run run = bed.prepare(mode, input, records)) {
            Histogram histogram = histograms.computeIfAbsent(mode, one -> histogram());
            long late = measure(run, input, rate, warmUp, records, histogram).lateSends();
            Latency latency = new Latency(
                    mode.name(),
                    rate,
                    histogram.getTotalCount(),
                    lateSends.merge(mode, late, Long::sum),
                    histogram.getValueAtPercentile(50) / 1e3,
                    histogram.getValueAtPercentile(90) / 1e3,
                    histogram.getValueAtPercentile(99) / 1e3,
                    histogram.getValueAtPercentile(99.9) / 1e3,
                    histogram.getMaxValue() / 1e3);
            results.latency().removeIf(earlier -> earlier.mode().equals(mode.name()));
            results.latency().add(latency);
            bed.say(
                    "latency  %-14s p50 %.1f ms, p90 %.1f ms, p99 %.1f ms, p99.9 %.1f ms at %,.0f records/s",
                    latency.mode(),
                    latency.p50Ms(),
                    latency.p90Ms(),
                    latency.p99Ms(),
                    latency.p999Ms(),
                    latency.recordsPerSecond());
        } finally {
            bed.cluster().delete(input);
        }
    }

    /** What sender and worker have to say of a run. */
    private record Sent(long lateSends, WorkerAnswer worker) {}

    private static Histogram histogram() {
        return new Histogram(MAX_WAIT.toNanos() / 1_000, 3);
    }

    private Sent measure(Run run, String input, double pace, long warmUp, long records, Histogram histogram) {
        AtomicLong measuredFrom = new AtomicLong(Long.MAX_VALUE);
        AtomicBoolean isCommitted = new AtomicBoolean();
        ExecutorService threads = Executors.newFixedThreadPool(2);
        try (ChildJvm worker = run.start()) {
            Future<Long> sending =
                    threads.submit(() -> send(run, input, pace, warmUp, records, measuredFrom, isCommitted));
            Future<?> reading = threads.submit(() -> read(run.output(), measuredFrom, isCommitted, histogram));
            WorkerAnswer answer = Workers.answer(worker);
            isCommitted.set(true);
            reading.get();
            return new Sent(sending.get(), answer);
        } catch (ExecutionException failed) {
            throw new BenchFailedException("Latency could not be measured", failed);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new BenchFailedException("Interrupted", interrupted);
        } finally {
            stop(threads);
        }
    }

    /** So that what is left of a run that has failed takes nothing from the next. */
    private void stop(ExecutorService threads) {
        threads.shutdownNow();
        try {
            if (!threads.awaitTermination(1, TimeUnit.MINUTES)) {
                bed.say("latency  a sender or reader does not end: what is measured next has less of the machine");
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private static long dueAfter(long records, double pace) {
        return Math.round(records * 1e9 / pace);
    }

    /**
     * Sends what warms up as quickly as can be, waits until it is committed, and sends every other record when it is due, with that
     * moment in a header. Ends when all that is to be read is committed.
     */
    private long send(
            Run run,
            String input,
            double pace,
            long warmUp,
            long records,
            AtomicLong measuredFrom,
            AtomicBoolean isCommitted)
            throws ExecutionException, InterruptedException {
        LoadGenerator generator = generator(records, pace);
        Map<String, Object> configs = Map.of("bootstrap.servers", bed.cluster().bootstrapServers(), "linger.ms", 5);
        long late = 0;
        try (var producer = new KafkaProducer<>(configs, new ByteArraySerializer(), new ByteArraySerializer())) {
            Future<?> last = CompletableFuture.completedFuture(null);
            for (long i = 0; i < warmUp && !isCommitted.get(); i++) {
                last = producer.send(next(input, generator, System.nanoTime()));
            }
            last.get();
            while (!isCommitted.get() && run.committed() < warmUp) {
                sleep(ASK_EVERY.toNanos());
            }
            long start = System.nanoTime();
            measuredFrom.set(start);
            for (long i = 0; i < records - warmUp; i++) {
                long due = start + dueAfter(i, pace);
                for (long left = due - System.nanoTime(); left > 0; left = due - System.nanoTime()) {
                    sleep(Math.max(left, TICK_NANOS));
                }
                late += System.nanoTime() - due > LATE_NANOS ? 1 : 0;
                last = producer.send(next(input, generator, due));
            }
            last.get();
        }
        return late;
    }

    private LoadGenerator generator(long records, double pace) {
        Load given = settings.load();
        return new LoadGenerator(new Load(
                records,
                given.valueBytes(),
                given.duplicateRatio(),
                given.reach(),
                Instant.now(),
                Duration.ofNanos(Math.max(MIN_SPAN.toNanos(), dueAfter(records, pace))),
                given.ttl(),
                given.seed()));
    }

    private static ProducerRecord<byte[], byte[]> next(String input, LoadGenerator generator, long due) {
        generator.next();
        ProducerRecord<byte[], byte[]> record = Cluster.record(input, generator);
        record.headers()
                .add(DUE_HEADER, ByteBuffer.allocate(Long.BYTES).putLong(due).array());
        return record;
    }

    private static void sleep(long nanos) throws InterruptedException {
        LockSupport.parkNanos(nanos);
        if (Thread.interrupted()) {
            throw new InterruptedException("The run has ended");
        }
    }

    /** Reads until everything is committed and read. */
    private void read(String output, AtomicLong measuredFrom, AtomicBoolean isCommitted, Histogram histogram) {
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
                    if (due >= measuredFrom.get()) {
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
