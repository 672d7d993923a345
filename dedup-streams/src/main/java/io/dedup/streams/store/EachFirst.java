// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.store;

import java.util.OptionalLong;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.state.TimestampedWindowStore;
import org.apache.kafka.streams.state.ValueAndTimestamp;

/** Keeps firsts in whatever store there is, with a changelog record for each. Confined to the stream thread. */
record EachFirst(TimestampedWindowStore<Bytes, byte[]> store) implements FirstsStore {
    @Override
    public Firsts get(Bytes key, long bucket) {
        ValueAndTimestamp<byte[]> stored = store.fetch(key, bucket);
        return stored == null ? Firsts.NONE : SightingCodec.decode(stored.value());
    }

    @Override
    public Firsts get(Bytes key, long bucket, long next) {
        return get(key, bucket);
    }

    @Override
    public void put(Bytes key, long bucket, Firsts firsts, long now) {
        // Never null, which Kafka would stamp with the time of the record in hand and not with now: a broker might then
        // delete it from the changelog before what it takes back.
        put(key, SightingCodec.encode(firsts), bucket, now);
    }

    @Override
    public void put(Bytes key, byte[] value, long start, long now) {
        store.put(key, ValueAndTimestamp.make(value, now), start);
    }

    @Override
    public OptionalLong bytes() {
        return OptionalLong.empty();
    }
}
