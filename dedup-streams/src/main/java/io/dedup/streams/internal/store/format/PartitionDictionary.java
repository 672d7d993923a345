// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.store.format;

import io.dedup.Coordinates;
import io.dedup.SeenRecord;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The values that seen records of a store have in common, so that each needs a small number for them: the partition that a record
 * was read from, and how long it is remembered.
 *
 * <p>Used with the lock of the store.
 */
public final class PartitionDictionary implements Dictionary {
    private static final int MAX_BYTES_A_NUMBER = 10;
    /** Beyond this a seen record writes out what is its own, as where every record has a TTL of its own. */
    private static final int MAX_ENTRIES = 1 << 14;

    /**
     * One of them.
     *
     * @param lifetimeMs how long a first from there is remembered, in milliseconds
     */
    public record Place(String topic, int partition, long lifetimeMs) {
        private boolean is(Coordinates at, long lifetime) {
            return partition == at.partition() && lifetimeMs == lifetime && topic.equals(at.topic());
        }
    }

    private final List<Place> places = new ArrayList<>();
    private final Map<Place, Integer> numbers = new HashMap<>();
    private int last;

    /** The number of the place of that seen record, which has coordinates; a new one if need be; -1 if there are too many. */
    int numberOf(SeenRecord seen) {
        Coordinates at = seen.coordinates();
        if (at == null) {
            throw new IllegalArgumentException("The seen record has no coordinates");
        }
        long lifetime = seen.expiresAt() - seen.timestamp();
        if (last < places.size() && places.get(last).is(at, lifetime)) {
            return last;
        }
        return numberOf(new Place(at.topic(), at.partition(), lifetime));
    }

    /** The number of that place; a new one if need be; -1 if there are too many. */
    int numberOf(Place place) {
        if (last < places.size() && places.get(last).equals(place)) {
            return last;
        }
        Integer known = numbers.get(place);
        if (known == null && places.size() == MAX_ENTRIES) {
            return -1;
        }
        last = known == null ? add(place) : known;
        return last;
    }

    private int add(Place place) {
        numbers.put(place, places.size());
        places.add(place);
        return places.size() - 1;
    }

    Place get(int number) {
        return places.get(number);
    }

    int size() {
        return places.size();
    }

    public void clear() {
        places.clear();
        numbers.clear();
        last = 0;
    }

    /** These, in a form that {@link #decode} reads. */
    @Override
    public byte[] encode() {
        List<byte[]> topics = new ArrayList<>();
        int size = MAX_BYTES_A_NUMBER;
        for (Place place : places) {
            byte[] topic = place.topic().getBytes(StandardCharsets.UTF_8);
            topics.add(topic);
            size += topic.length + 3 * MAX_BYTES_A_NUMBER;
        }
        ByteBuffer bytes = ByteBuffer.allocate(size);
        Varints.writeUnsignedVarint(places.size(), bytes);
        for (int i = 0; i < places.size(); i++) {
            Varints.writeUnsignedVarint(topics.get(i).length, bytes);
            bytes.put(topics.get(i));
            Varints.writeUnsignedVarint(places.get(i).partition(), bytes);
            Varints.writeVarlong(places.get(i).lifetimeMs(), bytes);
        }
        byte[] encoded = new byte[bytes.position()];
        bytes.flip().get(encoded);
        return encoded;
    }

    /** Takes the places that {@link #encode} has written, in place of these. */
    @Override
    public void decode(ByteBuffer bytes) {
        clear();
        for (int left = Varints.readUnsignedVarint(bytes); left > 0; left--) {
            byte[] topic = new byte[Varints.readUnsignedVarint(bytes)];
            bytes.get(topic);
            add(new Place(
                    new String(topic, StandardCharsets.UTF_8),
                    Varints.readUnsignedVarint(bytes),
                    Varints.readVarlong(bytes)));
        }
    }
}
