// SPDX-License-Identifier: Apache-2.0
package io.dedup.demo;

import io.dedup.demo.ledger.UnbookableException;
import java.util.Map;
import org.apache.kafka.streams.errors.ErrorHandlerContext;
import org.apache.kafka.streams.errors.LogAndContinueProcessingExceptionHandler;
import org.apache.kafka.streams.errors.LogAndFailProcessingExceptionHandler;
import org.apache.kafka.streams.errors.ProcessingExceptionHandler;
import org.apache.kafka.streams.processor.api.Record;

/**
 * Sends records that cannot be booked to the dead-letter topic, so that one of them does not stop all others for ever; every other
 * failure stops the application, and loses nothing. Confined to the stream thread.
 */
public final class UnbookableToDeadLetters implements ProcessingExceptionHandler {
    private final ProcessingExceptionHandler deadLetters = new LogAndContinueProcessingExceptionHandler();
    private final ProcessingExceptionHandler stopping = new LogAndFailProcessingExceptionHandler();

    @Override
    public void configure(Map<String, ?> configs) {
        deadLetters.configure(configs);
        stopping.configure(configs);
    }

    @Override
    public Response handleError(ErrorHandlerContext context, Record<?, ?> record, Exception exception) {
        boolean unbookable = exception instanceof UnbookableException;
        return (unbookable ? deadLetters : stopping).handleError(context, record, exception);
    }
}
