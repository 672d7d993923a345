// SPDX-License-Identifier: Apache-2.0
package io.dedup.bench.jmh;

import io.dedup.bench.load.Load;
import io.dedup.bench.load.LoadGenerator;
import io.dedup.bench.mode.Mode;
import io.dedup.key.KeyExtractors;
import io.dedup.streams.Dedup;
import io.dedup.streams.errors.DedupProcessingExceptionHandler;
import io.dedup.streams.store.StoreEngine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Properties;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.utils.Utils;
import org.apache.kafka.streams.processor.StateStore;
import org.apache.kafka.streams.processor.TaskId;
import org.apache.kafka.streams.processor.api.MockProcessorContext;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorSupplier;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.StoreBuilder;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * The operator alone, with its store and without a broker or a changelog: what it takes to find the key of a record, to decide,
 * and to remember a first.
 */
@BenchmarkMode(org.openjdk.jmh.annotations.Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@State(Scope.Thread)
@Fork(value = 1, jvmArgsAppend = "-Xmx4g")
@Warmup(iterations = 3, time = 5)
@Measurement(iterations = 5, time = 5)
public class DecisionBenchmark {
    private static final Duration TTL = Duration.ofHours(24);
    private static final int REPEATED = 10_000;
    /** More than are made: their event times are spread over a quarter of the TTL. */
    private static final long MAX_RECORDS = 1_000_000_000;

    /** The store engine, by its name in configuration. */
    @Param({"rocksdb", "memory"})
    public String engine = "";

    /** How many keys are remembered before anything is measured. */
    @Param({"100000", "1000000"})
    public int remembered;

    private final List<Record<byte[], byte[]>> duplicates = new ArrayList<>();
    private @Nullable MockProcessorContext<byte[], byte[]> context;
    private @Nullable Processor<byte[], byte[], byte[], byte[]> processor;
    private @Nullable StateStore store;
    private @Nullable Path directory;
    private final LoadGenerator firsts = new LoadGenerator(load());
    private int next;
    private long offset;

    private static Load load() {
        Instant start = Instant.now().minus(TTL.dividedBy(2));
        return new Load(MAX_RECORDS, 200, 0, 1, start, TTL.dividedBy(4), TTL, 1);
    }

    /** Remembers keys, of which the last are repeated. */
    @Setup
    public void open() throws IOException {
        directory = Files.createTempDirectory("dedup-jmh-");
        ProcessorSupplier<byte[], byte[], byte[], byte[]> supplier = Dedup.by(KeyExtractors.header(Mode.KEY_HEADER))
                .within(TTL)
                .withStore(StoreEngine.named(engine))
                .supplier();
        context = new MockProcessorContext<>(properties(), new TaskId(0, 0), directory.toFile());
        context.setCurrentSystemTimeMs(System.currentTimeMillis());
        for (StoreBuilder<?> builder : Objects.requireNonNull(supplier.stores())) {
            store = builder.withLoggingDisabled().build();
            store.init(context.getStateStoreContext(), store);
        }
        processor = supplier.get();
        processor.init(context);
        for (int i = 0; i < remembered; i++) {
            Record<byte[], byte[]> record = nextFirst();
            if (i >= remembered - REPEATED) {
                duplicates.add(record);
            }
            require(process(record) == 1, "a first was kept back");
        }
        require(process(duplicates.get(0)) == 0, "a duplicate was let through");
    }

    private static void require(boolean met, String message) {
        if (!met) {
            throw new IllegalStateException("What is measured does not work: " + message);
        }
    }

    private static Properties properties() {
        Properties properties = new Properties();
        properties.put("application.id", "jmh");
        properties.put("bootstrap.servers", "localhost:1");
        properties.put("processing.exception.handler", DedupProcessingExceptionHandler.class.getName());
        properties.put("errors.dead.letter.queue.topic.name", "dead-letters");
        return properties;
    }

    private Record<byte[], byte[]> nextFirst() {
        firsts.next();
        byte[] key = firsts.key();
        RecordHeaders headers = new RecordHeaders();
        headers.add(Mode.KEY_HEADER, key);
        return new Record<>(key, firsts.value(), firsts.timestamp(), headers);
    }

    private int process(Record<byte[], byte[]> record) {
        MockProcessorContext<byte[], byte[]> given = Objects.requireNonNull(context, "not open");
        given.setRecordMetadata("input", 0, offset++);
        Objects.requireNonNull(processor, "not open").process(record);
        int forwarded = given.forwarded().size();
        given.resetForwards();
        return forwarded;
    }

    /** A record whose key is remembered. */
    @Benchmark
    public int duplicate() {
        next = (next + 1) % duplicates.size();
        return process(duplicates.get(next));
    }

    /** A record whose key is new, with what it takes to make the record. */
    @Benchmark
    public int first() {
        return process(nextFirst());
    }

    /** Making the record alone, to be taken off what a first takes. */
    @Benchmark
    public Record<byte[], byte[]> making() {
        return nextFirst();
    }

    /** Closes and deletes the store. */
    @TearDown
    public void close() throws IOException {
        Objects.requireNonNull(processor, "not open").close();
        Objects.requireNonNull(store, "not open").close();
        Utils.delete(Objects.requireNonNull(directory, "not open").toFile());
    }
}
