// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.store.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.dedup.Coordinates;
import io.dedup.SeenRecord;
import io.dedup.streams.internal.store.format.PartitionDictionary.Place;
import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;

class PartitionDictionaryTest {
    private final PartitionDictionary places = new PartitionDictionary();

    @Test
    void numberOf_samePlaceAgain_isTheSameNumber() {
        assertThat(places.numberOf(seen("a", 0, 10))).isZero();
        assertThat(places.numberOf(seen("a", 0, 10))).isZero();
        assertThat(places.numberOf(seen("a", 1, 10))).isEqualTo(1);
        assertThat(places.numberOf(seen("b", 1, 10))).isEqualTo(2);
        assertThat(places.numberOf(seen("b", 1, 11))).as("of another TTL").isEqualTo(3);
        assertThat(places.numberOf(new Place("a", 0, 10))).isZero();
        assertThat(places.numberOf(new Place("a", 0, 10)))
                .as("the last one asked for")
                .isZero();
        assertThat(places.size()).isEqualTo(4);
        assertThat(places.get(2)).isEqualTo(new Place("b", 1, 10));
    }

    @Test
    void numberOf_withoutCoordinates_isRefused() {
        assertThatIllegalArgumentException().isThrownBy(() -> places.numberOf(new SeenRecord(1, 2, null, null)));
    }

    /** A record may ask for any TTL: beyond a bound, places are written out. */
    @Test
    void numberOf_tooMany_isNoneAndTheKnownKeepTheirs() {
        int most = 1 << 14;
        for (int i = 0; i < most; i++) {
            assertThat(places.numberOf(new Place("a", 0, i))).isEqualTo(i);
        }
        assertThat(places.numberOf(new Place("a", 0, most))).isEqualTo(-1);
        assertThat(places.numberOf(new Place("a", 0, 5))).isEqualTo(5);
    }

    @Test
    void decode_whatWasEncoded_takesThePlaceOfWhatWasThere() {
        places.numberOf(new Place("ключ", 70_000, Long.MAX_VALUE / 2));
        places.numberOf(new Place("b", 0, 0));
        PartitionDictionary other = new PartitionDictionary();
        other.numberOf(new Place("gone", 1, 1));
        other.numberOf(new Place("gone too", 1, 1));
        other.decode(ByteBuffer.wrap(places.encode()));
        assertThat(other.size()).isEqualTo(2);
        assertThat(other.get(0)).isEqualTo(new Place("ключ", 70_000, Long.MAX_VALUE / 2));
        assertThat(other.numberOf(new Place("b", 0, 0))).isEqualTo(1);
        assertThat(other.numberOf(new Place("gone", 1, 1))).as("a new one").isEqualTo(2);
    }

    private static SeenRecord seen(String topic, int partition, long lifetime) {
        return new SeenRecord(100, 100 + lifetime, new Coordinates(topic, partition, 7), null);
    }
}
