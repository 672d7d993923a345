// SPDX-License-Identifier: Apache-2.0
package io.dedup.bench.mode;

import io.dedup.runner.StreamsApplication;
import io.dedup.streams.errors.DedupProcessingExceptionHandler;
import java.util.Optional;
import java.util.Properties;
import java.util.function.BiConsumer;
import java.util.function.BiFunction;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.processor.StateRestoreListener;

/** A Kafka Streams application: one thread, the runner's defaults, and the same properties in every mode. */
final class StreamsMode implements Running {
    private final StreamsApplication application;
    private final RestoreTimes restoreTimes = new RestoreTimes();

    private StreamsMode(Topology topology, Properties properties) {
        this.application = new StreamsApplication(topology, properties);
        application.streams().setGlobalStateRestoreListener(restoreTimes);
        application.start();
    }

    /** An application that does that with what it reads, as bytes. */
    static Mode.Start bytes(BiFunction<KStream<byte[], byte[]>, Task, KStream<byte[], byte[]>> step) {
        return topology((builder, task) -> step.apply(
                        builder.stream(task.input(), Consumed.with(Serdes.ByteArray(), Serdes.ByteArray())), task)
                .to(task.output(), Produced.with(Serdes.ByteArray(), Serdes.ByteArray())));
    }

    /** An application of that topology. */
    static Mode.Start topology(BiConsumer<StreamsBuilder, Task> define) {
        return task -> {
            StreamsBuilder builder = new StreamsBuilder();
            define.accept(builder, task);
            return new StreamsMode(builder.build(), properties(task));
        };
    }

    private static Properties properties(Task task) {
        Properties properties = new Properties();
        properties.put(StreamsConfig.APPLICATION_ID_CONFIG, task.applicationId());
        properties.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, task.bootstrapServers());
        properties.put(StreamsConfig.STATE_DIR_CONFIG, task.stateDirectory());
        properties.putAll(StreamsApplication.defaults());
        properties.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, 1);
        properties.put(StreamsConfig.PROCESSING_EXCEPTION_HANDLER_CLASS_CONFIG, DedupProcessingExceptionHandler.class);
        properties.put("processing.exception.handler.global.enabled", true);
        properties.put(StreamsConfig.ERRORS_DEAD_LETTER_QUEUE_TOPIC_NAME_CONFIG, task.deadLetters());
        properties.putAll(task.streamsProperties());
        properties.put(StreamsConfig.mainConsumerPrefix("interceptor.classes"), FirstSight.class.getName());
        return properties;
    }

    @Override
    public Optional<Throwable> failure() {
        return application.failure();
    }

    @Override
    public boolean isReady() {
        return application.isRunning();
    }

    @Override
    public Restored restored() {
        return restoreTimes.restored();
    }

    @Override
    public void close() {
        application.close();
    }

    /** Counts and times what is read back. There is one task, so it is one store at a time. */
    private static final class RestoreTimes implements StateRestoreListener {
        private long begun;
        private Restored restored = Restored.NOTHING;

        synchronized Restored restored() {
            return restored;
        }

        @Override
        public synchronized void onRestoreStart(TopicPartition partition, String store, long start, long end) {
            begun = System.nanoTime();
        }

        @Override
        public void onBatchRestored(TopicPartition partition, String store, long end, long records) {}

        @Override
        public synchronized void onRestoreEnd(TopicPartition partition, String store, long total) {
            restored = new Restored(restored.records() + total, restored.seconds() + (System.nanoTime() - begun) / 1e9);
        }
    }
}
