// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.store;

import io.dedup.DedupPolicy;
import io.dedup.streams.internal.store.format.ChangelogBatch;
import io.dedup.streams.internal.store.format.SeenKey;
import io.dedup.streams.internal.store.format.StoreMetadata;
import io.dedup.streams.store.StoreEngine;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.processor.StateStore;
import org.apache.kafka.streams.processor.api.MockProcessorContext;
import org.apache.kafka.streams.state.TimestampedWindowStore;
import org.apache.kafka.streams.state.ValueAndTimestamp;
import org.jspecify.annotations.Nullable;

/** A store as a task has it, with a changelog that a test can look at, roll back and shorten. */
public final class LoggedStore {
    private static final TopicPartition PARTITION = new TopicPartition("changelog", 0);

    private final TimestampedWindowStore<Bytes, byte[]> store;
    private final TimestampedWindowStore<Bytes, byte[]> logged;
    private final Changelog changelog;
    private final boolean restoredFromTheBeginning;

    /** Batches in their order, of which the last may not be committed. */
    public static final class Changelog {
        private final List<Batch> batches = new ArrayList<>();
        private int committed;
        /** How many have been deleted: the offset of the first that is left. */
        private int deleted;

        private record Batch(Bytes bytes, long writtenAt) {}

        /** How many were ever written, without those that were rolled back. */
        public int size() {
            return deleted + batches.size();
        }

        /** What has been written will be there after a failure. */
        public void commit() {
            committed = size();
        }

        /** What has been written since is gone. */
        public void abort() {
            batches.subList(committed - deleted, batches.size()).clear();
        }

        /** Deletes batches that were written before that time, but never the last. */
        public void deleteWrittenBefore(long time) {
            while (batches.size() > 1 && batches.get(0).writtenAt() < time) {
                batches.remove(0);
                deleted++;
            }
        }

        /** The last time of a record that what has been deleted is needed for; 0 if nothing is. */
        public long deletedIsNeededUntil() {
            return deleted == 0 || batches.isEmpty()
                    ? 0
                    : StoreMetadata.decode(ChangelogBatch.metadata(
                                    batches.get(0).bytes().get()))
                            .neededBefore();
        }
    }

    private LoggedStore(
            TimestampedWindowStore<Bytes, byte[]> store,
            TimestampedWindowStore<Bytes, byte[]> logged,
            Changelog changelog,
            boolean restoredFromTheBeginning) {
        this.restoredFromTheBeginning = restoredFromTheBeginning;
        this.store = store;
        this.logged = logged;
        this.changelog = changelog;
    }

    /** Opens it, and restores what is in the changelog beyond what is in local files. */
    public static LoggedStore open(
            String name,
            StoreEngine engine,
            DedupPolicy policy,
            MockProcessorContext<?, ?> context,
            Changelog changelog,
            LongSupplier clock) {
        TimestampedWindowStore<Bytes, byte[]> store = SeenStores.builder(name, engine, policy, Map.of())
                .withLoggingDisabled()
                .build();
        store.init(context.getStateStoreContext(), store);
        SegmentedWindowStore engineOfStore = BatchingBucketStore.engineOf(store);
        Long offset = store.committedOffset(PARTITION);
        int from = offset == null ? changelog.deleted : (int) (offset + 1);
        byte[] key = ByteBuffer.allocate(1 + Long.BYTES + Integer.BYTES)
                .put(SeenKey.BATCH.get())
                .array();
        for (int i = from; i < changelog.size(); i++) {
            Changelog.Batch batch = changelog.batches.get(i - changelog.deleted);
            byte[] timestamped = ByteBuffer.allocate(Long.BYTES + batch.bytes().get().length)
                    .putLong(batch.writtenAt())
                    .put(batch.bytes().get())
                    .array();
            engineOfStore.restore(key, timestamped);
        }
        return new LoggedStore(store, logging(store, changelog, clock), changelog, offset == null);
    }

    @SuppressWarnings("unchecked") // the proxy has this interface
    private static TimestampedWindowStore<Bytes, byte[]> logging(
            TimestampedWindowStore<Bytes, byte[]> store, Changelog changelog, LongSupplier clock) {
        return (TimestampedWindowStore<Bytes, byte[]>) Proxy.newProxyInstance(
                LoggedStore.class.getClassLoader(),
                new Class<?>[] {TimestampedWindowStore.class},
                (proxy, method, args) -> {
                    if (method.getName().equals("put")) {
                        byte[] batch = ((ValueAndTimestamp<byte[]>) args[1]).value();
                        changelog.batches.add(new Changelog.Batch(Bytes.wrap(batch), clock.getAsLong()));
                    }
                    return call(store, method, args);
                });
    }

    private static @Nullable Object call(Object target, Method method, Object[] args) throws Throwable {
        try {
            return method.invoke(target, args);
        } catch (InvocationTargetException thrown) {
            throw thrown.getCause();
        }
    }

    /** The store with everything that a task puts around it. */
    public StateStore logged() {
        return logged;
    }

    /** Whether nothing was found in local files. */
    public boolean isRestoredFromTheBeginning() {
        return restoredFromTheBeginning;
    }

    /** As Kafka Streams does before a commit. */
    public void flushCache() {
        BatchingBucketStore.engineOf(store).flushCache();
    }

    /** As Kafka Streams does after it. */
    public void commit() {
        store.commit(changelog.size() == 0 ? Map.of() : Map.of(PARTITION, changelog.size() - 1L));
    }

    /** A commit as Kafka Streams makes it. */
    public static void commit(TimestampedWindowStore<Bytes, byte[]> store) {
        BatchingBucketStore.engineOf(store).flushCache();
        store.commit(Map.of());
    }

    /** Closes it as it is. */
    public void close() {
        store.close();
    }
}
