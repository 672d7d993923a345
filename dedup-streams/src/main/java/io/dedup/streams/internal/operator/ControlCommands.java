// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.operator;

import io.dedup.DedupHeaders;
import io.dedup.IdempotencyKey;
import io.dedup.Scope;
import io.dedup.streams.internal.Marks;
import io.dedup.streams.internal.metrics.VerdictSensors;
import io.dedup.streams.internal.store.SeenQueries;
import io.dedup.streams.internal.store.SeenStore;
import java.util.Objects;
import java.util.regex.Pattern;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.processor.api.ProcessingContext;
import org.apache.kafka.streams.processor.api.RecordMetadata;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Carries out the commands of the control topic, which come into the operator's own node: so one task reads commands, decides on
 * records and writes the store, and under exactly-once all of that is one transaction.
 *
 * <p>Confined to the stream thread.
 */
final class ControlCommands {
    private static final Logger LOGGER = LoggerFactory.getLogger(ControlCommands.class);

    private static final Pattern MILLIS = Pattern.compile("[0-9]{1,15}");
    private static final Pattern UNPRINTABLE = Pattern.compile("\\p{Cntrl}");
    private static final int MAX_SHOWN = 40;

    private final String topic;
    private final Scope scope;
    private final long aheadMs;
    private final ProcessingContext context;
    private final SeenStore store;
    private final VerdictSensors sensors;

    ControlCommands(
            String topic, DedupSettings settings, ProcessingContext context, SeenStore store, VerdictSensors sensors) {
        this.topic = topic;
        this.scope = settings.scope();
        this.aheadMs = settings.policy().maxFuture().toMillis();
        this.context = context;
        this.store = store;
        this.sensors = sensors;
    }

    /** Returns whether the record in hand is a command, which has then been obeyed as far as it makes sense. */
    boolean handle(Headers headers, @Nullable Object key) {
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
        String command = Marks.text(headers, DedupHeaders.COMMAND);
        if (!DedupHeaders.FORGET.equals(command)) {
            return "the header " + DedupHeaders.COMMAND + " is " + (command == null ? "not there" : shown(command))
                    + ", and the only command is " + DedupHeaders.FORGET;
        } else if (Marks.text(headers, DedupHeaders.KEY_SOURCE) == null) {
            return "the header " + DedupHeaders.KEY_SOURCE + " is not there";
        } else if (Marks.text(headers, DedupHeaders.TOPIC) == null) {
            return "the header " + DedupHeaders.TOPIC + " is not there";
        }
        String sentAt = Marks.text(headers, DedupHeaders.TIMESTAMP);
        if (sentAt != null && !MILLIS.matcher(sentAt).matches()) {
            return "the header " + DedupHeaders.TIMESTAMP + " is " + shown(sentAt) + " and no time in milliseconds";
        }
        return key instanceof byte[] bytes && bytes.length > 0
                ? null
                : "the record's key, which names what to forget, is empty";
    }

    /** A text from outside, fit to be logged. */
    private static String shown(String text) {
        String start = text.length() > MAX_SHOWN ? text.substring(0, MAX_SHOWN) + "…" : text;
        return "'" + UNPRINTABLE.matcher(start).replaceAll("?") + "'";
    }

    private void forget(RecordMetadata metadata, Headers headers, byte[] key) {
        String source = Objects.requireNonNull(Marks.text(headers, DedupHeaders.KEY_SOURCE));
        String name = scopeOf(headers);
        String sentAt = Marks.text(headers, DedupHeaders.TIMESTAMP);
        // Clocks differ; what is remembered later than that was sent again after this command had been carried out
        // once.
        long rememberedBefore = sentAt == null ? Long.MAX_VALUE : Long.parseLong(sentAt) + aheadMs;
        Bytes storeKey = Bytes.wrap(SeenQueries.nameOf(name, IdempotencyKey.of(source, key)));
        if (store.forget(storeKey, rememberedBefore, context.currentSystemTimeMs()) > 0) {
            sensors.countForget();
            LOGGER.info(
                    "A key of scope {} and source {} is forgotten by the command at {}-{}@{}",
                    shown(name),
                    shown(source),
                    metadata.topic(),
                    metadata.partition(),
                    metadata.offset());
        }
    }

    private String scopeOf(Headers headers) {
        return scope.nameFor(Marks.text(headers, DedupHeaders.TOPIC));
    }
}
