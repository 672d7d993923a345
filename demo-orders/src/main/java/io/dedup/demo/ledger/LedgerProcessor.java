// SPDX-License-Identifier: Apache-2.0
package io.dedup.demo.ledger;

import io.dedup.Coordinates;
import io.dedup.IdempotencyKey;
import io.dedup.demo.traffic.Operation;
import io.dedup.demo.traffic.OperationJson;
import io.dedup.demo.traffic.OperationKey;
import io.dedup.demo.traffic.Topics;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.streams.errors.StreamsException;
import org.apache.kafka.streams.processor.api.FixedKeyProcessor;
import org.apache.kafka.streams.processor.api.FixedKeyProcessorContext;
import org.apache.kafka.streams.processor.api.FixedKeyRecord;
import org.apache.kafka.streams.processor.api.RecordMetadata;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Books every record that reaches it, and hands on what was booked. Confined to the stream thread. */
public final class LedgerProcessor implements FixedKeyProcessor<byte[], byte[], byte[]> {
    private static final Logger LOGGER = LoggerFactory.getLogger(LedgerProcessor.class);
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final Duration RETRY_AFTER = Duration.ofSeconds(1);

    private final Ledger ledger;
    private final String topic;
    private @Nullable FixedKeyProcessorContext<byte[], byte[]> context;

    /**
     * Books there.
     *
     * @param topic of the operations: {@link Topics#ORDERS} or {@link Topics#PAYMENTS}
     */
    public LedgerProcessor(Ledger ledger, String topic) {
        this.ledger = ledger;
        this.topic = topic;
    }

    @Override
    public void init(FixedKeyProcessorContext<byte[], byte[]> newContext) {
        context = newContext;
    }

    @Override
    public void process(FixedKeyRecord<byte[], byte[]> record) {
        FixedKeyProcessorContext<byte[], byte[]> target = Objects.requireNonNull(context, "process before init");
        RecordMetadata metadata = target.recordMetadata()
                .orElseThrow(() -> new IllegalStateException("Only records from a topic are booked"));
        Coordinates at = new Coordinates(metadata.topic(), metadata.partition(), metadata.offset());
        String idempotencyKey = OperationKey.of(record.headers()) instanceof IdempotencyKey key ? key.text() : "";
        try {
            book(at, idempotencyKey, OperationJson.read(topic, record.value()));
        } catch (IllegalArgumentException unreadable) {
            throw new UnbookableException(at + " cannot be booked: " + unreadable.getMessage(), unreadable);
        } catch (SQLException notBooked) {
            if (isOfTheRecord(notBooked)) {
                throw new UnbookableException(at + " cannot be booked: " + notBooked.getMessage(), notBooked);
            }
            throw new StreamsException("The ledger could not book " + at, notBooked);
        }
        target.forward(record);
    }

    /** Books it, and waits a while for a database that does not answer. */
    private void book(Coordinates at, String idempotencyKey, Operation operation) throws SQLException {
        long until = System.nanoTime() + PATIENCE.toNanos();
        while (true) {
            try {
                ledger.book(at, idempotencyKey, operation);
                return;
            } catch (SQLException notBooked) {
                if (isOfTheRecord(notBooked) || System.nanoTime() > until) {
                    throw notBooked;
                }
                LOGGER.warn("The ledger did not book {}; once more in {}", at, RETRY_AFTER, notBooked);
                LockSupport.parkNanos(RETRY_AFTER.toNanos());
                if (Thread.currentThread().isInterrupted()) {
                    throw notBooked;
                }
            }
        }
    }

    /** Data that the ledger does not take, or not in this form: classes 22 and 23 of the SQL standard. */
    private static boolean isOfTheRecord(SQLException failed) {
        String state = failed.getSQLState();
        return state != null && (state.startsWith("22") || state.startsWith("23"));
    }
}
