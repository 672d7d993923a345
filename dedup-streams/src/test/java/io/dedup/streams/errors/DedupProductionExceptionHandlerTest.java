// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.errors;

import static io.dedup.key.KeyExtractors.header;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dedup.config.DedupConfig;
import io.dedup.config.DedupConfigException;
import io.dedup.streams.Dedup;
import io.dedup.streams.DedupFixture;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.errors.DefaultProductionExceptionHandler;
import org.apache.kafka.streams.errors.ErrorHandlerContext;
import org.apache.kafka.streams.errors.ProductionExceptionHandler;
import org.apache.kafka.streams.errors.ProductionExceptionHandler.Result;
import org.apache.kafka.streams.errors.ProductionExceptionHandler.SerializationExceptionOrigin;
import org.apache.kafka.streams.errors.internals.DefaultErrorHandlerContext;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.processor.TaskId;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

public class DedupProductionExceptionHandlerTest {
    private static final String CHANGELOG = "orders-dedup-seen-changelog";
    private static final ErrorHandlerContext CONTEXT = new DefaultErrorHandlerContext(
            null, "in", 0, 0, new RecordHeaders(), "node", new TaskId(0, 0), 0, new byte[0], new byte[0]);

    /** An application's own, which skips everything. */
    public static final class Skipping implements ProductionExceptionHandler {
        private @Nullable Object setting;

        @Override
        public void configure(Map<String, ?> configs) {
            setting = configs.get("setting");
        }

        @Override
        public Response handleError(
                ErrorHandlerContext context, ProducerRecord<byte[], byte[]> record, Exception exception) {
            assertThat(setting).as("configured as the application is").isEqualTo("x");
            return Response.resume();
        }

        @Override
        @SuppressWarnings("rawtypes") // as in Kafka
        public Response handleSerializationError(
                ErrorHandlerContext context,
                ProducerRecord record,
                Exception exception,
                SerializationExceptionOrigin origin) {
            return Response.resume();
        }
    }

    @Test
    void handleError_changelog_isNeverSkipped() {
        ProductionExceptionHandler handler = handler(Map.of(DedupConfig.PRODUCTION_EXCEPTION_HANDLER, Skipping.class));
        assertThatExceptionOfType(UnwrittenRecordException.class)
                .isThrownBy(() -> failure(handler, CHANGELOG, new RecordTooLargeException()));
        assertThat(failure(handler, CHANGELOG, new TimeoutException())).isEqualTo(Result.RETRY);
        assertThat(unserializable(handler, CHANGELOG)).isEqualTo(Result.FAIL);
    }

    @ParameterizedTest
    @ValueSource(strings = {"shipments", "orders-changelogs", "other-dedup-seen-changelog"})
    void handleError_anyOtherTopic_isForTheApplicationsOwn(String topic) {
        ProductionExceptionHandler handler =
                handler(Map.of(DedupConfig.PRODUCTION_EXCEPTION_HANDLER, Skipping.class.getName()));
        assertThat(failure(handler, topic, new RecordTooLargeException())).isEqualTo(Result.RESUME);
        assertThat(unserializable(handler, topic)).isEqualTo(Result.RESUME);
    }

    @Test
    void handleError_noOtherIsNamed_failsWithTheTopicTheRecordAndTheFix() {
        assertThatExceptionOfType(UnwrittenRecordException.class)
                .isThrownBy(() -> failure(handler(Map.of()), "shipments", new RecordTooLargeException("too large")))
                .withMessageContaining("refused by the topic shipments")
                .withMessageContaining("in-0@0")
                .withMessageContaining("too large")
                .withMessageContaining("Raise max.message.bytes")
                .withNoCause();
        assertThat(failure(handler(Map.of()), "shipments", new TimeoutException()))
                .isEqualTo(Result.RETRY);
    }

    /** Kafka's own handler answers with another dead letter, and the failure of that with another, until the stack is full. */
    @ParameterizedTest
    @ValueSource(strings = {"dedup.dead.letter.topic", "errors.dead.letter.queue.topic.name"})
    void handleError_deadLetter_isNeverAnsweredWithAnother(String key) {
        assertThatExceptionOfType(UnwrittenRecordException.class)
                .isThrownBy(
                        () -> failure(handler(Map.of(key, "dead")), "dead", new RecordTooLargeException("too large")))
                .withMessageContaining("refused by the topic dead");
        assertThatExceptionOfType(UnwrittenRecordException.class)
                .isThrownBy(() -> failure(
                        handler(Map.of(key, "dead", DedupConfig.PRODUCTION_EXCEPTION_HANDLER, Skipping.class)),
                        "dead",
                        new RecordTooLargeException("too large")));
    }

    @Test
    void configure_notAHandler_isRefused() {
        assertThatExceptionOfType(DedupConfigException.class)
                .isThrownBy(() -> handler(Map.of(DedupConfig.PRODUCTION_EXCEPTION_HANDLER, "java.lang.Object")))
                .withMessageContaining("DEDUP-102 dedup.production.exception.handler=java.lang.Object")
                .withMessageContaining("not a ProductionExceptionHandler");
    }

    @ParameterizedTest
    @ValueSource(strings = {"production.exception.handler", "default.production.exception.handler"})
    void start_handlerThatMaySkipTheChangelog_isRefused(String key) {
        assertThatThrownBy(() -> start(key, Skipping.class.getName()))
                .hasRootCauseInstanceOf(DedupConfigException.class)
                .rootCause()
                .hasMessageContaining("DEDUP-115 " + key + "=" + Skipping.class.getName())
                .hasMessageContaining("dedup.production.exception.handler");
        start(key, DefaultProductionExceptionHandler.class.getName());
        start(key, DedupProductionExceptionHandler.class.getName());
    }

    private static void start(String key, String handler) {
        StreamsBuilder builder = new StreamsBuilder();
        Dedup.by(header("idempotency-key"))
                .apply(builder.stream("in", Consumed.with(Serdes.ByteArray(), Serdes.ByteArray())))
                .to("out", Produced.with(Serdes.ByteArray(), Serdes.ByteArray()));
        DedupFixture.of(builder.build(), Map.of(key, handler)).close();
    }

    private static ProductionExceptionHandler handler(Map<String, Object> configs) {
        Map<String, Object> all = new HashMap<>(configs);
        all.put("application.id", "orders");
        all.put("setting", "x");
        ProductionExceptionHandler handler = new DedupProductionExceptionHandler();
        handler.configure(all);
        return handler;
    }

    private static Result failure(ProductionExceptionHandler handler, String topic, Exception thrown) {
        return handler.handleError(CONTEXT, new ProducerRecord<>(topic, new byte[0]), thrown)
                .result();
    }

    private static Result unserializable(ProductionExceptionHandler handler, String topic) {
        return handler.handleSerializationError(
                        null,
                        new ProducerRecord<>(topic, "x"),
                        new ClassCastException(),
                        SerializationExceptionOrigin.KEY)
                .result();
    }
}
