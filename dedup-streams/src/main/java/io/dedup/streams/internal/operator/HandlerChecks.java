// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.operator;

import static org.apache.kafka.streams.StreamsConfig.ERRORS_DEAD_LETTER_QUEUE_TOPIC_NAME_CONFIG;
import static org.apache.kafka.streams.StreamsConfig.PROCESSING_EXCEPTION_HANDLER_CLASS_CONFIG;
import static org.apache.kafka.streams.StreamsConfig.PRODUCTION_EXCEPTION_HANDLER_CLASS_CONFIG;

import io.dedup.config.ConfigProblem;
import io.dedup.config.ConfigProblem.Code;
import io.dedup.config.DedupConfig;
import io.dedup.config.DedupConfigException;
import io.dedup.streams.errors.DedupProcessingExceptionHandler;
import io.dedup.streams.errors.DedupProductionExceptionHandler;
import io.dedup.streams.internal.HandlerClass;
import java.util.List;
import java.util.Map;
import org.apache.kafka.streams.errors.DefaultProductionExceptionHandler;
import org.apache.kafka.streams.errors.LogAndFailProcessingExceptionHandler;
import org.apache.kafka.streams.processor.api.ProcessingContext;
import org.jspecify.annotations.Nullable;

/** Checks which exception handlers an application has. */
public final class HandlerChecks {
    /** Kafka's own, and the older name, which counts if it is set. */
    private static final List<String> KEYS =
            List.of(PRODUCTION_EXCEPTION_HANDLER_CLASS_CONFIG, "default.production.exception.handler");

    private HandlerChecks() {}

    /** Whether failures of other processors may be skipped. */
    public static boolean maySkipFailures(Map<String, ?> configs) {
        Class<?> others = HandlerClass.of(
                DedupConfig.PROCESSING_EXCEPTION_HANDLER, configs.get(DedupConfig.PROCESSING_EXCEPTION_HANDLER));
        return others != null && !LogAndFailProcessingExceptionHandler.class.isAssignableFrom(others);
    }

    /** Whether failed writes may be skipped. */
    public static boolean maySkipWrites(Map<String, ?> configs) {
        Class<?> others = HandlerClass.of(
                DedupConfig.PRODUCTION_EXCEPTION_HANDLER, configs.get(DedupConfig.PRODUCTION_EXCEPTION_HANDLER));
        return others != null && !DefaultProductionExceptionHandler.class.isAssignableFrom(others);
    }

    /**
     * Checks that refused records are handled as configured, so that an application without the handler does not
     * start instead of stopping at the first refused record, or losing it.
     *
     * @throws DedupConfigException naming the lines to add
     */
    public static void requireForRecords(
            Map<String, ?> configs, boolean deadLetters, boolean failures, boolean releases) {
        Class<?> handler = HandlerClass.of(
                PROCESSING_EXCEPTION_HANDLER_CLASS_CONFIG, configs.get(PROCESSING_EXCEPTION_HANDLER_CLASS_CONFIG));
        boolean ours = handler != null && DedupProcessingExceptionHandler.class.isAssignableFrom(handler);
        boolean failing = handler == null || LogAndFailProcessingExceptionHandler.class.isAssignableFrom(handler);
        if (!ours && (deadLetters || ((failures || releases) && !failing))) {
            throw new DedupConfigException(List.of(new ConfigProblem(
                    Code.NO_EXCEPTION_HANDLER,
                    PROCESSING_EXCEPTION_HANDLER_CLASS_CONFIG,
                    handler == null ? null : handler.getName(),
                    "Records are to go to the dead-letter topic or to stop the application when they are refused, or"
                            + " their keys to be released when this handler skips them, and it tells dedup of none",
                    "Set " + PROCESSING_EXCEPTION_HANDLER_CLASS_CONFIG + "="
                            + DedupProcessingExceptionHandler.class.getName() + ", and your own handler as "
                            + DedupConfig.PROCESSING_EXCEPTION_HANDLER)));
        }
        if (deadLetters
                && configs.get(ERRORS_DEAD_LETTER_QUEUE_TOPIC_NAME_CONFIG) == null
                && configs.get(DedupConfig.DEAD_LETTER_TOPIC) == null) {
            throw new DedupConfigException(List.of(new ConfigProblem(
                    Code.NO_DEAD_LETTER_TOPIC,
                    ERRORS_DEAD_LETTER_QUEUE_TOPIC_NAME_CONFIG,
                    null,
                    "Refused records are to go to the dead-letter topic, and none is named",
                    "Set " + ERRORS_DEAD_LETTER_QUEUE_TOPIC_NAME_CONFIG + " to a topic that exists, or choose drop,"
                            + " forward or fail for conflict, missing-key, late and future")));
        }
    }

    /**
     * Checks that no handler is asked about changelogs that may skip what fails. From any thread.
     *
     * @param configs of the application
     * @throws DedupConfigException naming the lines to change
     */
    public static void requireForWrites(Map<String, ?> configs) {
        for (String key : KEYS) {
            requireForWrites(key, HandlerClass.of(key, configs.get(key)));
        }
    }

    private static void requireForWrites(String key, @Nullable Class<?> handler) {
        if (handler != null
                && handler != DefaultProductionExceptionHandler.class
                && handler != DedupProductionExceptionHandler.class) {
            throw new DedupConfigException(List.of(new ConfigProblem(
                    Code.CHANGELOG_MAY_BE_SKIPPED,
                    key,
                    handler.getName(),
                    "This handler is asked about writes to the changelog too, and what it skips there would be forgotten",
                    "Set " + key + "=" + DedupProductionExceptionHandler.class.getName() + ", and your own handler as "
                            + DedupConfig.PRODUCTION_EXCEPTION_HANDLER)));
        }
    }

    /**
     * Checks that a failure policy is chosen where a failure may be skipped after part of the work was done, so that a retry would do it again.
     *
     * @throws DedupConfigException naming the property to set
     */
    static void requireFailurePolicy(
            DedupSettings settings, Children children, ProcessingContext context, RecordMapper<?, ?> mapper) {
        Map<String, Object> configs = context.appConfigs();
        boolean skips = maySkipFailures(configs) || maySkipWrites(configs);
        if (skips
                && settings.failurePolicy() == null
                && Downstream.canBeDoneInPart(context, children.forwarded(), mapper.isGuarding())) {
            throw new DedupConfigException(List.of(new ConfigProblem(
                    Code.FAILURE_POLICY_NEEDED,
                    DedupConfig.ON_FAILURE,
                    null,
                    "A failure behind " + settings.name()
                            + " may be skipped when something else there has been done: branches follow,"
                            + " or a processor with something behind it",
                    "Set " + DedupConfig.ON_FAILURE
                            + "=release (or onFailure) to have a retry processed by all of it once more, or keep"
                            + " to have it dropped as a duplicate")));
        }
    }
}
