// SPDX-License-Identifier: Apache-2.0
package io.dedup.bench.mode;

import java.time.Duration;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.state.Stores;

/**
 * The processor of kstreamplify that deduplicates by record key, with the store that its own utility gives it.
 *
 * <p>In its favour, the topic for repartitioning that the utility puts in front is left out, and values are not decoded.
 */
final class Kstreamplify {
    private static final String STORE = "DeduplicateKeyWindowStore";

    private Kstreamplify() {}

    static void define(StreamsBuilder builder, Task task) {
        Duration window = Duration.ofMillis(task.ttlMs());
        Serde<AvroBytes> values = AvroBytes.serde();
        builder.addStateStore(Stores.windowStoreBuilder(
                Stores.persistentWindowStore(STORE, window, window, false), Serdes.String(), Serdes.String()));
        // Not imported, because Javadoc does not see a jar that is only unpacked.
        builder.stream(task.input(), Consumed.with(Serdes.String(), values))
                .process(
                        () -> new com.michelin.kstreamplify.deduplication.DedupKeyProcessor<AvroBytes>(STORE, window),
                        STORE)
                .mapValues(result -> result.getValue())
                .to(task.output(), Produced.with(Serdes.String(), values));
    }
}
