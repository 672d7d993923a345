// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.store;

import io.dedup.Sighting;
import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.errors.ProcessorStateException;
import org.apache.kafka.streams.errors.StreamsException;
import org.apache.kafka.streams.state.TimestampedWindowStore;
import org.apache.kafka.streams.state.ValueAndTimestamp;
import org.jspecify.annotations.Nullable;

/**
 * Keeps firsts in an engine of ours, and writes them to the changelog in {@linkplain FirstsBlock blocks}: when one is large
 * enough, and all of them before the task commits. So what is committed is in the changelog, and what is not would be judged
 * again anyway.
 *
 * <p>A block is a record of its own for ever: its number is never used again, so that compaction does not take one for a
 * newer version of another. Numbers are of 56 bits and begin wherever chance will have it each time a store is opened.
 *
 * <p>What does not fit into a block, as with outcomes and stream time, is written at once, after what is waiting: a note of
 * stream time without the firsts from before would make those late that are read again.
 *
 * <p>Confined to the stream thread.
 */
final class Journal implements FirstsStore {
    /** A block is written when its firsts have this many bytes. */
    static final int BLOCK_BYTES = 15_000;
    /** Where event time runs quickly, buckets change quickly, and each has a block of its own. */
    private static final int MOST_OPEN = 8;

    private static final SecureRandom RANDOM = new SecureRandom();

    private final BucketedStore engine;
    private final TimestampedWindowStore<Bytes, byte[]> changelog;
    private final List<FirstsBlock> open = new ArrayList<>();
    private boolean behind;
    /** Why something that is held is not in the changelog, if so: nothing may be committed over it. */
    private @Nullable RuntimeException failed;

    private long number = RANDOM.nextLong();

    /**
     * A journal of that engine.
     *
     * @param changelog the same store as the task has it: what is put there is written to the changelog
     */
    Journal(BucketedStore engine, TimestampedWindowStore<Bytes, byte[]> changelog) {
        this.engine = engine;
        this.changelog = changelog;
        engine.journalIn(this);
    }

    @Override
    public Firsts get(Bytes key, long bucket) {
        return engine.firsts(key, bucket);
    }

    @Override
    public Firsts get(Bytes key, long bucket, long next) {
        return engine.firsts(key, bucket, next);
    }

    @Override
    public void put(Bytes key, long bucket, Firsts firsts, long now) {
        if (key.get().length > SeenKey.PREFIX_BYTES && Packing.isSimple(firsts)) {
            Sighting only = firsts.sightings().get(0);
            FirstsBlock block = blockOf(bucket);
            if (block.add(key, only, now)) {
                hold(key, bucket, only, now);
                if (block.length() >= BLOCK_BYTES) {
                    write(block);
                } else if (open.size() > MOST_OPEN) {
                    write(open.get(0));
                }
                return;
            }
        }
        put(key, SightingCodec.encode(firsts), bucket, now);
    }

    private void hold(Bytes key, long bucket, Sighting only, long now) {
        try {
            engine.hold(key, bucket, only, now);
        } catch (RuntimeException thrown) {
            // It is in a block, and so in the changelog soon: it must not be committed that nobody knows of it here.
            failed = thrown;
            throw thrown;
        }
    }

    @Override
    public void put(Bytes key, byte[] value, long start, long now) {
        flush();
        record(key, value, start, now);
    }

    @Override
    public OptionalLong bytes() {
        return OptionalLong.of(engine.bytes());
    }

    private FirstsBlock blockOf(long bucket) {
        for (int i = open.size() - 1; i >= 0; i--) {
            if (open.get(i).bucket() == bucket) {
                return open.get(i);
            }
        }
        FirstsBlock block = new FirstsBlock(bucket, BLOCK_BYTES + BLOCK_BYTES / 8);
        open.add(block);
        return block;
    }

    /** Writes everything down. */
    void flush() {
        throwIfFailed();
        behind = false;
        while (!open.isEmpty()) {
            write(open.get(0));
        }
    }

    private void write(FirstsBlock block) {
        if (block.count() > 0) {
            number++;
            byte[] name = ByteBuffer.allocate(Long.BYTES).putLong(number).array();
            name[0] = SeenKey.BLOCK;
            record(Bytes.wrap(name), block.encode(), block.bucket(), block.written());
        }
        open.remove(block);
    }

    private void record(Bytes key, byte[] value, long start, long now) {
        throwIfFailed();
        try {
            changelog.put(key, ValueAndTimestamp.make(value, now), start);
        } catch (RuntimeException thrown) {
            // Unchanged: fencing, an expired transaction and corruption are for Kafka Streams to handle.
            failed = thrown;
            throw thrown;
        }
    }

    /** What could not be written is committed by no later call either: what is thrown comes from here once more. */
    private void throwIfFailed() {
        if (failed instanceof StreamsException ofKafka && !(failed instanceof ProcessorStateException)) {
            throw ofKafka;
        } else if (failed != null) {
            throw new ProcessorStateException(
                    "The store " + engine.name() + " lacks what could not be written", failed);
        }
    }

    /**
     * To be called after each commit. Once, something may be waiting then: of a record that failed, and the task is closed.
     *
     * @throws ProcessorStateException if something could not be written
     * @throws IllegalStateException if nothing has been written since the commit before, and something was waiting then
     */
    void throwIfBehind() {
        throwIfFailed();
        boolean wasBehind = behind;
        behind = !open.isEmpty();
        if (wasBehind && behind) {
            throw new IllegalStateException("The store " + engine.name()
                    + " was not told before a commit. This release of dedup does not fit this version of Kafka Streams:"
                    + " use a version that it is made for");
        }
    }
}
