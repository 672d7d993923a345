// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.errors;

import static org.apache.kafka.streams.StreamsConfig.APPLICATION_ID_CONFIG;

import io.dedup.config.DedupConfig;
import io.dedup.config.DedupConfigException;
import io.dedup.streams.internal.HandlerClass;
import io.dedup.streams.internal.SkippedFailures;
import java.util.Map;
import java.util.function.Consumer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.streams.errors.DefaultProductionExceptionHandler;
import org.apache.kafka.streams.errors.ErrorHandlerContext;
import org.apache.kafka.streams.errors.ProductionExceptionHandler;
import org.jspecify.annotations.Nullable;

/**
 * Keeps an application's own handler for failed writes from skipping one to a changelog of the application: what was to be remembered
 * by it would be forgotten when a store is restored. Kafka Streams itself hands such writes to the handler like any other.
 *
 * <p>What cannot be serialized on its way to another topic and is skipped has its key released, as what fails in a processor has.
 *
 * <p>All other failures go to the handler named by {@value DedupConfig#PRODUCTION_EXCEPTION_HANDLER}, or fail as they do in Kafka
 * without one.
 *
 * <pre>
 * production.exception.handler=io.dedup.streams.errors.DedupProductionExceptionHandler
 * dedup.production.exception.handler=com.example.SkipTooLarge
 * </pre>
 *
 * <p>What fails the application is thrown as an {@link UnwrittenRecordException}, with the topic, the record and what to set. A dead
 * letter that cannot be written always does: writing one about it would fail too.
 *
 * <p>Called by the threads of producers, as every such handler.
 */
public final class DedupProductionExceptionHandler implements ProductionExceptionHandler {
    /**
     * The property that holds the receiver of every {@link UnwrittenRecordException}: a {@link Consumer}, for applications that are made by
     * code. Under exactly-once an application can stop because its transaction has failed, before Kafka Streams throws the reason.
     */
    public static final String LISTENER = "__dedup.unwritten.listener__";

    private String prefix = "";
    private @Nullable String deadLetterTopic;
    private Consumer<? super UnwrittenRecordException> listener = unwritten -> {};
    private ProductionExceptionHandler others = new DefaultProductionExceptionHandler();

    /**
     * Reads the handler for other failures.
     *
     * @throws DedupConfigException if it cannot be made
     */
    @Override
    public void configure(Map<String, ?> configs) {
        prefix = configs.get(APPLICATION_ID_CONFIG) + "-";
        listener = listener(configs);
        Object topic = configs.get(DedupConfig.DEAD_LETTER_TOPIC);
        topic = topic == null ? configs.get(DedupConfig.KAFKA_DEAD_LETTER_TOPIC) : topic;
        deadLetterTopic = topic == null ? null : topic.toString();
        Object handler = configs.get(DedupConfig.PRODUCTION_EXCEPTION_HANDLER);
        if (handler != null) {
            others = HandlerClass.make(
                    ProductionExceptionHandler.class, DedupConfig.PRODUCTION_EXCEPTION_HANDLER, handler);
        }
        others.configure(configs);
    }

    @Override
    public Response handleError(
            ErrorHandlerContext context, ProducerRecord<byte[], byte[]> record, Exception exception) {
        if (isChangelog(record.topic())) {
            // A task that is retried is restored from what was delivered.
            return retryOrFail(context, record, exception);
        }
        if (record.topic().equals(deadLetterTopic)) {
            // Another dead letter about it, as Kafka's own handler writes, would be refused like it, and so on.
            return retryOrFail(context, record, exception);
        }
        Response response = others.handleError(context, record, exception);
        if (response.result() == Result.FAIL) {
            throw unwritten(context, record, exception);
        }
        return response;
    }

    @SuppressWarnings("unchecked") // nothing else is documented to be there
    private static Consumer<? super UnwrittenRecordException> listener(Map<String, ?> configs) {
        return configs.get(LISTENER) instanceof Consumer<?> given
                ? (Consumer<? super UnwrittenRecordException>) given
                : unwritten -> {};
    }

    private Response retryOrFail(
            ErrorHandlerContext context, ProducerRecord<byte[], byte[]> record, Exception exception) {
        if (exception instanceof RetriableException) {
            return Response.retry();
        }
        throw unwritten(context, record, exception);
    }

    /** Kafka Streams says only which topic it was; what is thrown here is what stops the application. */
    private UnwrittenRecordException unwritten(
            ErrorHandlerContext context, ProducerRecord<byte[], byte[]> record, Exception exception) {
        UnwrittenRecordException unwritten = UnwrittenRecordException.of(context, record, exception);
        listener.accept(unwritten);
        return unwritten;
    }

    @Override
    @SuppressWarnings("rawtypes") // as in Kafka
    public Response handleSerializationError(
            ErrorHandlerContext context,
            ProducerRecord record,
            Exception exception,
            SerializationExceptionOrigin origin) {
        if (isChangelog(record.topic())) {
            return Response.fail();
        }
        Response response = others.handleSerializationError(context, record, exception, origin);
        if (response.result() == Result.RESUME) {
            // Of the record in hand, in the thread that processes it: its result goes nowhere.
            SkippedFailures.add(context);
        }
        return response;
    }

    private boolean isChangelog(String topic) {
        return topic.startsWith(prefix) && topic.endsWith("-changelog");
    }
}
