// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams;

import io.dedup.IdempotencyKey;
import io.dedup.Scope;
import io.dedup.streams.store.SeenStore;
import java.util.Objects;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.processor.api.ProcessingContext;
import org.apache.kafka.streams.processor.api.RecordMetadata;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Obeys the records of the control topic, which come into the operator's own node: so one task reads commands, judges
 * records and writes the store, and under exactly-once all of that is one transaction.
 *
 * <p>Confined to the stream thread.
 */
final class Commands {
    private static final Logger LOGGER = LoggerFactory.getLogger(Commands.class);

    private final String topic;
    private final Scope scope;
    private final ProcessingContext context;
    private final SeenStore store;
    private final VerdictSensors sensors;

    Commands(String topic, Scope scope, ProcessingContext context, SeenStore store, VerdictSensors sensors) {
        this.topic = topic;
        this.scope = scope;
        this.context = context;
        this.store = store;
        this.sensors = sensors;
    }

    /** Returns whether the record in hand is a command, which has then been obeyed as far as it makes sense. */
    boolean obeyed(Headers headers, @Nullable Object key) {
        RecordMetadata metadata = context.recordMetadata().orElse(null);
        if (metadata == null || !topic.equals(metadata.topic())) {
            return false;
        }
        String problem = problem(headers, key);
        if (problem == null) {
            forget(metadata, headers, (byte[]) Objects.requireNonNull(key));
        } else {
            sensors.countBadCommand();
            LOGGER.warn(
                    "The command at {}-{}@{} is not understood and has no effect: {}. Send commands with DedupControl",
                    metadata.topic(),
                    metadata.partition(),
                    metadata.offset(),
                    problem);
        }
        return true;
    }

    private @Nullable String problem(Headers headers, @Nullable Object key) {
        String command = DedupHeaders.text(headers, DedupHeaders.COMMAND);
        if (!DedupHeaders.FORGET.equals(command)) {
            return "the header " + DedupHeaders.COMMAND + " is " + (command == null ? "not there" : "'" + command + "'")
                    + ", and the only command is " + DedupHeaders.FORGET;
        } else if (DedupHeaders.text(headers, DedupHeaders.KEY_SOURCE) == null) {
            return "the header " + DedupHeaders.KEY_SOURCE + " is not there";
        } else if (DedupHeaders.text(headers, DedupHeaders.TOPIC) == null) {
            return "the header " + DedupHeaders.TOPIC + " is not there";
        }
        return key instanceof byte[] bytes && bytes.length > 0
                ? null
                : "the record's key, which names what to forget, is empty";
    }

    private void forget(RecordMetadata metadata, Headers headers, byte[] key) {
        String source = Objects.requireNonNull(DedupHeaders.text(headers, DedupHeaders.KEY_SOURCE));
        String name = scope.nameFor(DedupHeaders.text(headers, DedupHeaders.TOPIC));
        Bytes storeKey = store.key(name, IdempotencyKey.of(source, key));
        if (store.forget(storeKey, context.currentSystemTimeMs()) > 0) {
            sensors.countForget();
            LOGGER.info(
                    "A key of scope '{}' and source {} is forgotten by the command at {}-{}@{}",
                    name,
                    source,
                    metadata.topic(),
                    metadata.partition(),
                    metadata.offset());
        }
    }
}
