// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams;

import io.dedup.IdempotencyKey;
import io.dedup.Partitioning;
import io.dedup.SeenRecord;
import io.dedup.streams.KeyStatus.NotRemembered;
import io.dedup.streams.KeyStatus.Remembered;
import io.dedup.streams.KeyStatus.Unknown;
import io.dedup.streams.internal.KeyPartitioner;
import io.dedup.streams.internal.operator.DedupSettings;
import io.dedup.streams.internal.store.SeenQueries;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.KeyQueryMetadata;
import org.apache.kafka.streams.errors.InvalidStateStoreException;
import org.apache.kafka.streams.errors.UnknownStateStoreException;
import org.apache.kafka.streams.query.QueryResult;
import org.apache.kafka.streams.query.StateQueryRequest;
import org.apache.kafka.streams.state.HostInfo;
import org.apache.kafka.streams.state.ValueAndTimestamp;
import org.apache.kafka.streams.state.WindowStoreIterator;
import org.jspecify.annotations.Nullable;

/**
 * Finds out whether a key is remembered, since when, from which coordinates and until when, across the instances of an
 * application: interactive queries (KIP-796) here, and the application's own transport to the others.
 *
 * <pre>{@code
 * RememberedKeys keys = RememberedKeys.of(streams, dedup);
 * KeyStatus status = keys.ask("orders", IdempotencyKey.of("header:idempotency-key", bytes), Instant.now(),
 *         (host, topic, key, at) -> http.get(host, topic, key, at));   // answered there by askHere
 * }</pre>
 *
 * <p>Every instance needs its own {@code application.server}; without it only what is here can be found. What is seen may
 * belong to a transaction that is not committed yet.
 *
 * <p>Thread-safe.
 */
public final class RememberedKeys {
    /** Asks another instance, which answers with its {@link #askHere}. */
    @FunctionalInterface
    public interface Remote {
        /**
         * The answer of that instance. What is thrown makes its partitions unknown.
         *
         * @param host as the instance has it in {@code application.server}
         */
        KeyStatus ask(HostInfo host, String topic, IdempotencyKey key, Instant at) throws Exception;
    }

    private final KafkaStreams streams;
    private final DedupSettings settings;

    private RememberedKeys(KafkaStreams streams, DedupSettings settings) {
        this.streams = streams;
        this.settings = settings;
    }

    /** The keys that this operator remembers in this application. */
    public static RememberedKeys of(KafkaStreams streams, Dedup dedup) {
        return new RememberedKeys(streams, dedup.settings());
    }

    /**
     * Asks the partitions that are here.
     *
     * @param topic the topic of the operation; does not matter where the operator's scope is not the topic
     * @param key with its source as the operator is configured
     * @param at the event time for which to ask, usually now
     * @return {@link Unknown} if it is not found and other instances own partitions too, or this one is not running
     * @throws UnknownStateStoreException if the application has no operator of that name
     */
    public KeyStatus askHere(String topic, IdempotencyKey key, Instant at) {
        try {
            Map<Integer, QueryResult<WindowStoreIterator<ValueAndTimestamp<byte[]>>>> results = streams.query(
                            StateQueryRequest.inStore(settings.storeName())
                                    .withQuery(SeenQueries.queryFor(
                                            settings.scope().nameFor(topic), key))
                                    .requireActive())
                    .getPartitionResults();
            return answer(results, owners(key), at);
        } catch (UnknownStateStoreException noSuchOperator) {
            throw noSuchOperator;
        } catch (InvalidStateStoreException | IllegalStateException notRunning) {
            return new Unknown(Map.of(), "This instance is not running: " + notRunning.getMessage());
        }
    }

    private KeyStatus answer(
            Map<Integer, QueryResult<WindowStoreIterator<ValueAndTimestamp<byte[]>>>> results,
            Map<Integer, HostInfo> owners,
            Instant at) {
        Remembered found = null;
        Map<Integer, HostInfo> unasked = new TreeMap<>(owners);
        for (Map.Entry<Integer, QueryResult<WindowStoreIterator<ValueAndTimestamp<byte[]>>>> result :
                results.entrySet()) {
            if (result.getValue().isSuccess()) {
                unasked.remove(result.getKey());
                SeenRecord first = firstIn(result.getValue(), at);
                found = first == null ? found : new Remembered(result.getKey(), first);
            }
        }
        if (found != null) {
            return found;
        } else if (owners.isEmpty()) {
            return new Unknown(
                    Map.of(),
                    "It is not known which partitions there are: set application.server, and wait until the"
                            + " application is running");
        }
        return unasked.isEmpty()
                ? new NotRemembered()
                : new Unknown(unasked, "Partitions " + unasked.keySet() + " are not here");
    }

    /**
     * Asks the partitions that are here and, if it is not found, the instances that own the others, each once.
     *
     * @param topic as for {@link #askHere}
     * @param key as for {@link #askHere}
     * @param at as for {@link #askHere}
     * @return {@link Unknown} if it is not found and some partition could not be asked
     */
    public KeyStatus ask(String topic, IdempotencyKey key, Instant at, Remote remote) {
        KeyStatus here = askHere(topic, key, at);
        if (!(here instanceof Unknown elsewhere) || elsewhere.partitions().isEmpty()) {
            return here;
        }
        Map<Integer, HostInfo> unasked = new HashMap<>(elsewhere.partitions());
        List<String> failures = new ArrayList<>();
        for (HostInfo host : elsewhere.hosts()) {
            if (host.equals(HostInfo.unavailable())) {
                continue;
            }
            try {
                KeyStatus there = remote.ask(host, topic, key, at);
                if (there instanceof Remembered) {
                    return there;
                }
                Set<Integer> unaskedThere =
                        there instanceof Unknown unknown ? unknown.partitions().keySet() : Set.of();
                boolean knowsNothing =
                        there instanceof Unknown unknown && unknown.partitions().isEmpty();
                unasked.entrySet()
                        .removeIf(entry -> entry.getValue().equals(host)
                                && !knowsNothing
                                && !unaskedThere.contains(entry.getKey()));
            } catch (Exception failed) {
                failures.add(host + ": " + failed);
            }
        }
        return unasked.isEmpty()
                ? new NotRemembered()
                : new Unknown(
                        unasked, "Partitions " + new TreeMap<>(unasked).keySet() + " could not be asked " + failures);
    }

    private @Nullable SeenRecord firstIn(
            QueryResult<WindowStoreIterator<ValueAndTimestamp<byte[]>>> result, Instant at) {
        try (WindowStoreIterator<ValueAndTimestamp<byte[]>> buckets = result.getResult()) {
            return SeenQueries.covering(
                    buckets, at.toEpochMilli(), settings.policy().ttl().toMillis());
        }
    }

    /** The instance that owns each partition where the key can be; empty if that is not known. */
    private Map<Integer, HostInfo> owners(IdempotencyKey key) {
        Map<Integer, HostInfo> owners = new LinkedHashMap<>();
        int[] partitions = {1};
        for (int next = 0; next < partitions[0]; next++) {
            int asked = next;
            KeyQueryMetadata metadata =
                    streams.queryMetadataForKey(settings.storeName(), key.value(), (topic, bytes, value, count) -> {
                        partitions[0] = count;
                        return Optional.of(Set.of(asked));
                    });
            if (metadata == null || metadata.equals(KeyQueryMetadata.NOT_AVAILABLE)) {
                return Map.of();
            }
            owners.put(asked, metadata.activeHost());
        }
        if (settings.partitioning() == Partitioning.BY_KEY) {
            owners.keySet().retainAll(Set.of(KeyPartitioner.partition(key.value(), partitions[0])));
        }
        return owners;
    }
}
