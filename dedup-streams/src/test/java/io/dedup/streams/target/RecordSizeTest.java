// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.target;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.internal.AbstractRecords;
import org.apache.kafka.common.record.internal.CompressionType;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.SimpleRecord;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Against Kafka's own code. */
class RecordSizeTest {
    private static final int ROUNDS = 300;

    @Test
    void sizes_anyRecord_areThoseOfKafka() {
        Random random = new Random(1);
        for (int i = 0; i < ROUNDS; i++) {
            byte[] key = bytes(random, 300);
            byte[] value = bytes(random, 1 << (4 + i % 16));
            RecordHeaders headers = headers(random);
            RecordSize size = RecordSize.of(key, value, headers);
            assertThat(size.inRequest())
                    .as("round %s", i)
                    .isEqualTo(AbstractRecords.estimateSizeInBytesUpperBound(
                            (byte) 2, CompressionType.NONE, key, value, headers.toArray()));
            assertThat(size.inBatch()).isEqualTo(batch(key, value, headers, Compression.NONE));
            assertThat(RecordSize.bound(key, value, headers))
                    .isGreaterThanOrEqualTo(Math.max(size.inRequest(), size.inBatch()));
        }
    }

    @ParameterizedTest
    @EnumSource(CompressionType.class)
    void inBatch_compressed_isThatOfKafka(CompressionType type) {
        Random random = new Random(2);
        Compression compression = Compression.of(type).build();
        for (int i = 0; i < ROUNDS; i++) {
            byte[] key = bytes(random, 300);
            byte[] value = "x".repeat(random.nextInt(100_000)).getBytes(UTF_8);
            RecordHeaders headers = headers(random);
            assertThat(RecordSize.inBatch(key, value, headers, compression))
                    .as("round %s", i)
                    .isEqualTo(batch(key, value, headers, compression));
        }
    }

    private static int batch(
            byte @Nullable [] key, byte @Nullable [] value, RecordHeaders headers, Compression compression) {
        return MemoryRecords.withRecords(
                        compression, new SimpleRecord(1_766_000_000_000L, key, value, headers.toArray()))
                .sizeInBytes();
    }

    private static byte @Nullable [] bytes(Random random, int most) {
        if (random.nextInt(8) == 0) {
            return null;
        }
        byte[] bytes = new byte[random.nextInt(most)];
        random.nextBytes(bytes);
        return bytes;
    }

    private static RecordHeaders headers(Random random) {
        RecordHeaders headers = new RecordHeaders();
        for (int i = random.nextInt(90); i > 0; i--) {
            headers.add("h\u00e4\u20ac\ud83d\ude00".repeat(random.nextInt(9)), bytes(random, 200));
        }
        return headers;
    }
}
