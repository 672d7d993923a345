// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.store;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.common.utils.Utils;
import org.apache.kafka.streams.errors.ProcessorStateException;
import org.apache.kafka.streams.kstream.Windowed;
import org.apache.kafka.streams.processor.StateStore;
import org.apache.kafka.streams.processor.StateStoreContext;
import org.apache.kafka.streams.query.Position;
import org.apache.kafka.streams.query.PositionBound;
import org.apache.kafka.streams.query.Query;
import org.apache.kafka.streams.query.QueryConfig;
import org.apache.kafka.streams.query.QueryResult;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.TimestampedBytesStore;
import org.apache.kafka.streams.state.WindowStore;
import org.apache.kafka.streams.state.WindowStoreIterator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A windowed RocksDB store that throws its local files away if they were written for other segments.
 *
 * <p>Kafka names the files of a segment by time and works out from that name and the width of <em>today's</em> segments
 * which segment they are. After a change of retention it no longer finds them and goes on as if they were empty, though
 * their offsets say that everything is there. So the width is written down beside the files; if it differs, they are
 * deleted and Kafka restores the store from its changelog.
 *
 * <p>Confined to the stream thread, as what is underneath; queries may come from others.
 */
final class FixedLayoutStore implements WindowStore<Bytes, byte[]>, TimestampedBytesStore {
    private static final Logger LOGGER = LoggerFactory.getLogger(FixedLayoutStore.class);

    private final WindowStore<Bytes, byte[]> store;
    private final String layout;

    /**
     * @param segmentIntervalMs the width of a segment in milliseconds
     */
    FixedLayoutStore(WindowStore<Bytes, byte[]> store, long segmentIntervalMs) {
        this.store = store;
        this.layout = "segments of " + segmentIntervalMs + " ms";
    }

    @Override
    public void init(StateStoreContext context, StateStore root) {
        Path files = new File(context.stateDir(), store.name()).toPath();
        Path note = new File(context.stateDir(), store.name() + ".layout").toPath();
        try {
            if (Files.exists(files) && !layout.equals(read(note))) {
                LOGGER.info(
                        "The local files of {} were written for another retention; restoring from the changelog",
                        name());
                Utils.delete(files.toFile());
            }
            Files.createDirectories(note.getParent());
            Files.writeString(note, layout);
        } catch (IOException failed) {
            throw new ProcessorStateException(
                    "Could not prepare the local files of " + name() + " in " + files, failed);
        }
        store.init(context, root);
    }

    private static @Nullable String read(Path note) throws IOException {
        return Files.exists(note) ? Files.readString(note) : null;
    }

    @Override
    public String name() {
        return store.name();
    }

    @Override
    public void put(Bytes key, byte @Nullable [] value, long windowStart) {
        store.put(key, value, windowStart);
    }

    @Override
    public byte @Nullable [] fetch(Bytes key, long windowStart) {
        return store.fetch(key, windowStart);
    }

    @Override
    public WindowStoreIterator<byte[]> fetch(Bytes key, long from, long to) {
        return store.fetch(key, from, to);
    }

    @Override
    public WindowStoreIterator<byte[]> backwardFetch(Bytes key, long from, long to) {
        return store.backwardFetch(key, from, to);
    }

    @Override
    public KeyValueIterator<Windowed<Bytes>, byte[]> fetch(Bytes first, Bytes last, long from, long to) {
        return store.fetch(first, last, from, to);
    }

    @Override
    public KeyValueIterator<Windowed<Bytes>, byte[]> backwardFetch(Bytes first, Bytes last, long from, long to) {
        return store.backwardFetch(first, last, from, to);
    }

    @Override
    public KeyValueIterator<Windowed<Bytes>, byte[]> fetchAll(long from, long to) {
        return store.fetchAll(from, to);
    }

    @Override
    public KeyValueIterator<Windowed<Bytes>, byte[]> backwardFetchAll(long from, long to) {
        return store.backwardFetchAll(from, to);
    }

    @Override
    public KeyValueIterator<Windowed<Bytes>, byte[]> all() {
        return store.all();
    }

    @Override
    public KeyValueIterator<Windowed<Bytes>, byte[]> backwardAll() {
        return store.backwardAll();
    }

    @Override
    public <R> QueryResult<R> query(Query<R> query, PositionBound bound, QueryConfig config) {
        return store.query(query, bound, config);
    }

    @Override
    public Position getPosition() {
        return store.getPosition();
    }

    @Override
    public void commit(Map<TopicPartition, Long> changelogOffsets) {
        store.commit(changelogOffsets);
    }

    @Override
    public @Nullable Long committedOffset(TopicPartition partition) {
        return store.committedOffset(partition);
    }

    @Override
    @SuppressWarnings("deprecation") // Kafka asks for it until every store manages its offsets
    public boolean managesOffsets() {
        return store.managesOffsets();
    }

    @Override
    public boolean persistent() {
        return store.persistent();
    }

    @Override
    public boolean isOpen() {
        return store.isOpen();
    }

    @Override
    public void close() {
        store.close();
    }
}
