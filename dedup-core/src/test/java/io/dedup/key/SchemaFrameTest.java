// SPDX-License-Identifier: Apache-2.0
package io.dedup.key;

import static java.nio.charset.StandardCharsets.UTF_16BE;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.dedup.Fingerprint;
import io.dedup.IdempotencyKey;
import io.dedup.KeyResult;
import io.dedup.MissingKey;
import io.dedup.MissingKey.Reason;
import java.nio.ByteBuffer;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Keys and values with the five bytes that serializers of a schema registry write before them. */
class SchemaFrameTest {
    private static final byte[] JSON = "{\"id\":\"7\"}".getBytes(UTF_8);
    private static final byte[] AVRO = {0x10, 'p', 'a', 'y', 'm', 'e', 'n', 't', '1'};

    @ParameterizedTest
    @ValueSource(strings = {"value:/id", "sha256:/id"})
    void fieldSource_framedJson_isSeenThroughForEverySchema(String source) {
        KeyExtractor keys = KeyExtractors.parse(source);
        KeyResult bare = keys.extract(value(JSON));
        assertThat(bare).isInstanceOf(IdempotencyKey.class);
        for (int schema : new int[] {0, 1, 42, 0x7b22227d, -1}) {
            assertThat(keys.extract(value(framed(schema, JSON))))
                    .as("schema %d", schema)
                    .isEqualTo(bare);
        }
    }

    @Test
    void fieldSource_framedAvro_saysWhatItMet() {
        KeyResult result = KeyExtractors.parse("value:/id").extract(value(framed(42, AVRO)));
        assertThat(((MissingKey) result).reason()).isEqualTo(Reason.INVALID_JSON);
        assertThat(((MissingKey) result).detail()).contains("schema 42").contains("Avro or Protobuf");
    }

    /** It begins with a zero as well. */
    @Test
    void fieldSource_jsonInUtf16_isRead() {
        assertThat(KeyExtractors.parse("value:/id").extract(value("{\"id\":\"7\"}".getBytes(UTF_16BE))))
                .isEqualTo(IdempotencyKey.of("value:/id", "7".getBytes(UTF_8)));
    }

    @Test
    void fingerprintOfFields_framedJson_doesNotDependOnTheSchema() {
        assertThat(print("value:/id", framed(1, JSON)))
                .isEqualTo(print("value:/id", framed(2, JSON)))
                .isEqualTo(print("value:/id", JSON));
    }

    @Test
    void fingerprintOfFramedValue_schemaRegisteredAgain_isTheSame() {
        assertThat(print("framed-value", framed(1, AVRO)))
                .isEqualTo(print("framed-value", framed(2, AVRO)))
                .isEqualTo(print("framed-value", AVRO))
                .isNotEqualTo(print("framed-value", framed(1, JSON)))
                .isNotEqualTo(print("framed-value", null));
        assertThat(print("value", framed(1, AVRO))).isNotEqualTo(print("value", framed(2, AVRO)));
    }

    @Test
    void sha256OfFramedValue_schemaRegisteredAgain_isTheSameKey() {
        KeyExtractor keys = KeyExtractors.parse("sha256:framed-value");
        assertThat(keys.extract(value(framed(1, AVRO)))).isEqualTo(keys.extract(value(framed(2, AVRO))));
        KeyExtractor whole = KeyExtractors.parse("sha256:value");
        assertThat(whole.extract(value(framed(1, AVRO)))).isNotEqualTo(whole.extract(value(framed(2, AVRO))));
    }

    @Test
    void recordKey_unframed_doesNotDependOnTheSchema() {
        KeyExtractor keys = KeyExtractors.parse("record-key|unframed|json-string");
        byte[] text = "\"k-1\"".getBytes(UTF_8);
        assertThat(keys.extract(key(framed(1, text))))
                .isEqualTo(keys.extract(key(framed(2, text))))
                .isEqualTo(IdempotencyKey.of("record-key", "k-1".getBytes(UTF_8)));
        assertThat(KeyExtractors.recordKey().extract(key(framed(1, text))))
                .isNotEqualTo(KeyExtractors.recordKey().extract(key(framed(2, text))));
    }

    @Test
    void recordKey_unframed_leavesWhatHasNoFrame() {
        byte[] short5 = {0, 0, 0, 0, 9};
        assertThat(KeyExtractors.parse("record-key|unframed").extract(key(short5)))
                .isEqualTo(IdempotencyKey.of("record-key", short5));
    }

    private static @Nullable Fingerprint print(String form, byte @Nullable [] value) {
        return Fingerprinter.parse(form).fingerprint(value(value));
    }

    private static RecordView value(byte @Nullable [] value) {
        return RecordView.of(new RecordHeaders(), null, value);
    }

    private static RecordView key(byte[] key) {
        return RecordView.of(new RecordHeaders(), key, null);
    }

    private static byte[] framed(int schema, byte[] content) {
        return ByteBuffer.allocate(SchemaFrame.BYTES + content.length)
                .put((byte) 0)
                .putInt(schema)
                .put(content)
                .array();
    }
}
