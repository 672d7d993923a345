// SPDX-License-Identifier: Apache-2.0
package io.dedup.demo.ledger;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.dedup.Coordinates;
import io.dedup.demo.traffic.OperationJson;
import io.dedup.demo.traffic.Sending;
import java.sql.SQLException;
import java.util.Objects;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.streams.errors.StreamsException;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.processor.api.RecordMetadata;
import org.jspecify.annotations.Nullable;

/** Books every record that reaches it. Confined to the stream thread. */
public final class LedgerSink implements Processor<byte[], byte[], Void, Void> {
    private final Ledger ledger;
    private @Nullable ProcessorContext<Void, Void> context;

    /** A sink that books there. */
    public LedgerSink(Ledger ledger) {
        this.ledger = ledger;
    }

    @Override
    public void init(ProcessorContext<Void, Void> newContext) {
        context = newContext;
    }

    @Override
    public void process(Record<byte[], byte[]> record) {
        RecordMetadata metadata = Objects.requireNonNull(context, "process before init")
                .recordMetadata()
                .orElseThrow(() -> new IllegalStateException("Only records from a topic are booked"));
        Coordinates at = new Coordinates(metadata.topic(), metadata.partition(), metadata.offset());
        Header key = record.headers().lastHeader(Sending.IDEMPOTENCY_KEY);
        try {
            ledger.book(at, key == null ? "" : new String(key.value(), UTF_8), OperationJson.read(record.value()));
        } catch (SQLException notBooked) {
            throw new StreamsException("The ledger could not book " + at, notBooked);
        }
    }
}
