// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.errors;

import static org.apache.kafka.streams.StreamsConfig.APPLICATION_ID_CONFIG;
import static org.apache.kafka.streams.StreamsConfig.ERRORS_DEAD_LETTER_QUEUE_TOPIC_NAME_CONFIG;
import static org.apache.kafka.streams.StreamsConfig.PROCESSOR_WRAPPER_CLASS_CONFIG;

import io.dedup.Action;
import io.dedup.DedupHeaders;
import io.dedup.config.ConfigProblem;
import io.dedup.config.ConfigProblem.Code;
import io.dedup.config.DedupConfig;
import io.dedup.config.DedupConfigException;
import io.dedup.streams.internal.HandlerClass;
import io.dedup.streams.internal.Marks;
import io.dedup.streams.internal.SkippedFailures;
import io.dedup.streams.internal.StreamsVersion;
import io.dedup.streams.internal.WrappedTopologies;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.streams.errors.ErrorHandlerContext;
import org.apache.kafka.streams.errors.LogAndContinueProcessingExceptionHandler;
import org.apache.kafka.streams.errors.LogAndFailProcessingExceptionHandler;
import org.apache.kafka.streams.errors.ProcessingExceptionHandler;
import org.apache.kafka.streams.errors.ProcessorStateException;
import org.apache.kafka.streams.processor.api.Record;

/**
 * Sends refused records to the dead-letter topic by Kafka's own mechanism (KIP-1034), with the reason in their headers.
 *
 * <p>The dead letter is the record as it was read from its topic: the bytes of key and value, and its headers. Where those
 * bytes are not at hand any more, it is the record as it stood before the operator. Where an earlier operation made several
 * records of one, the dead letter is thus the one they were made of; sent again, what had been let through is a duplicate. Its timestamp is that of
 * now, since a broker refuses one from the future and soon deletes one from long ago; the record's own is in {@link
 * DedupHeaders#TIMESTAMP}. It is written by the task's own producer, so under exactly-once it belongs to the same
 * transaction.
 *
 * <p>A dead letter that is larger than its topic or the producer takes is written without what makes it so: the stack trace, then the
 * value, the headers of the record, its key. Headers such as {@link DedupHeaders#VALUE_OMITTED} say what is left out. What remains has
 * the coordinates of the record, where it can be read; if not even that can be written, the application stops.
 *
 * <p>Exceptions that are not ours go to the handler named by {@value DedupConfig#PROCESSING_EXCEPTION_HANDLER}, or fail
 * as they do in Kafka without one. If that handler skips a failure, the operator before it learns of it and releases the key:
 * see {@link io.dedup.FailurePolicy}.
 *
 * <pre>
 * processing.exception.handler=io.dedup.streams.errors.DedupProcessingExceptionHandler
 * errors.dead.letter.queue.topic.name=orders-dead-letter
 * </pre>
 *
 * <p>Confined to the stream thread, as every handler.
 */
public final class DedupProcessingExceptionHandler implements ProcessingExceptionHandler {
    private static final String WRAPPER = "io.dedup.streams.wrap.DedupProcessorWrapper";
    private final ProcessingExceptionHandler deadLetters = new LogAndContinueProcessingExceptionHandler();
    private ProcessingExceptionHandler others = new LogAndFailProcessingExceptionHandler();
    private DeadLetterSize size = DeadLetterSize.of(Map.of());

    /**
     * Reads the dead-letter topic and the handler for other exceptions.
     *
     * @throws DedupConfigException if the handler for other exceptions cannot be made, or if the properties name our wrapper
     *     and the topology was built without it
     */
    @Override
    public void configure(Map<String, ?> configs) {
        StreamsVersion.requireSupported();
        refuseIgnoredWrapper(configs);
        Map<String, Object> ours = new HashMap<>(configs);
        Object topic = configs.get(DedupConfig.DEAD_LETTER_TOPIC);
        if (topic != null) {
            ours.put(ERRORS_DEAD_LETTER_QUEUE_TOPIC_NAME_CONFIG, topic);
        }
        deadLetters.configure(ours);
        size = DeadLetterSize.of(configs);
        Object handler = configs.get(DedupConfig.PROCESSING_EXCEPTION_HANDLER);
        if (handler != null) {
            others = HandlerClass.make(
                    ProcessingExceptionHandler.class, DedupConfig.PROCESSING_EXCEPTION_HANDLER, handler);
        }
        others.configure(configs);
    }

    private static void refuseIgnoredWrapper(Map<String, ?> configs) {
        Object wrapper = configs.get(PROCESSOR_WRAPPER_CLASS_CONFIG);
        String name = wrapper instanceof Class<?> type ? type.getName() : String.valueOf(wrapper);
        boolean ours = name.equals(WRAPPER);
        boolean asked = configs.containsKey(DedupConfig.WRAP_TOPICS) || configs.containsKey(DedupConfig.WRAP_NODES);
        String application = String.valueOf(configs.get(APPLICATION_ID_CONFIG));
        if ((ours || asked) && !WrappedTopologies.contains(application)) {
            throw new DedupConfigException(List.of(new ConfigProblem(
                    Code.WRAPPER_IGNORED,
                    ours ? PROCESSOR_WRAPPER_CLASS_CONFIG : DedupConfig.WRAP_NODES,
                    ours ? WRAPPER : null,
                    "The topology was built without this property, so nothing is guarded",
                    "Build it with DedupTopology.build(properties, builder -> ...), or make the StreamsBuilder with"
                            + " new TopologyConfig(new StreamsConfig(properties))")));
        }
        Set<String> missing = WrappedTopologies.unguarded(application);
        if ((ours || asked) && !missing.isEmpty()) {
            throw new DedupConfigException(List.of(new ConfigProblem(
                    Code.NOTHING_TO_WRAP,
                    DedupConfig.WRAP_NODES,
                    String.join(",", missing),
                    "The topology has no processor of this name that Kafka Streams lets be wrapped",
                    "Take the name from topology.describe(); DedupTopology.build names the nearest")));
        }
    }

    @Override
    public Response handleError(ErrorHandlerContext context, Record<?, ?> record, Exception exception) {
        if (exception instanceof ProcessorStateException) {
            // Nothing is wrong with the record: without the store, the next would be skipped as well.
            return Response.fail();
        }
        if (!(exception instanceof RefusedRecordException refused)) {
            Response response = others.handleError(context, record, exception);
            if (response.result() != Result.RESUME) {
                return response;
            }
            SkippedFailures.add(context);
            return Response.resume(response.deadLetterQueueRecords().stream()
                    .map(letter -> size.fitting(letter, context))
                    .toList());
        }
        if (refused.action() == Action.FAIL) {
            return Response.fail();
        }
        // Of an operator before this one, if there is one: to it the record has failed.
        SkippedFailures.add(context);
        List<ProducerRecord<byte[], byte[]>> built =
                deadLetters.handleError(context, record, refused).deadLetterQueueRecords();
        return Response.resume(built.stream()
                .map(letter -> size.fitting(stamped(letter, refused), context))
                .toList());
    }

    private static ProducerRecord<byte[], byte[]> stamped(
            ProducerRecord<byte[], byte[]> letter, RefusedRecordException refused) {
        Headers headers = Marks.merged(letter.headers(), refused.reasons());
        // Kafka lets go of the bytes that were read once something has been sent on behalf of them, and has none at all
        // for what a punctuator made. Then the record is written as it stood before the operator.
        boolean bytesAsRead = letter.key() != null || letter.value() != null;
        byte[] key = bytesAsRead ? letter.key() : refused.keyBytes();
        byte[] value = bytesAsRead ? letter.value() : refused.valueBytes();
        // Without a timestamp the producer takes the time of sending.
        return new ProducerRecord<>(letter.topic(), null, null, key, value, headers);
    }
}
