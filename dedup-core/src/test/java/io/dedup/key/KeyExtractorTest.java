// SPDX-License-Identifier: Apache-2.0
package io.dedup.key;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.dedup.IdempotencyKey;
import io.dedup.KeyResult;
import io.dedup.MissingKeyException;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class KeyExtractorTest {
    private static final Map<String, String> OBJECT = Map.of("id", "7");

    @Test
    void extract_recordOfBytesOrText_readsKeyAndValue() {
        KeyExtractor extractor = KeyExtractors.jsonPointer("/id");
        KeyResult ofBytes = extractor.extract(record(new byte[] {1}, "{\"id\":\"7\"}".getBytes(UTF_8)));
        assertThat(ofBytes).isEqualTo(IdempotencyKey.of("value:/id", new byte[] {'7'}));
        assertThat(extractor.extract(record("k", "{\"id\":\"7\"}"))).isEqualTo(ofBytes);
        assertThat(KeyExtractors.recordKey().extract(record("k", OBJECT)))
                .isEqualTo(IdempotencyKey.of("record-key", new byte[] {'k'}));
    }

    @Test
    void extract_recordOfObjects_readsHeadersAndRefusesTheRest() {
        // Given
        ConsumerRecord<Object, Object> record = record(1, OBJECT);
        record.headers().add("id", new byte[] {'7'});
        // Then
        assertThat(KeyExtractors.header("id").extract(record)).isEqualTo(IdempotencyKey.ofHeader("id", "7"));
        assertThatExceptionOfType(PlainBytes.NotPlainException.class)
                .isThrownBy(() -> KeyExtractors.jsonPointer("/id").extract(record))
                .withMessageContaining(OBJECT.getClass().getName())
                .withMessageContaining("use a header");
    }

    @Test
    void extract_lambda_takesConsumerRecordsToo() {
        KeyExtractor extractor =
                view -> IdempotencyKey.of(String.valueOf(view.headers().toArray().length));
        assertThat(extractor.extract(record(null, null)).orElseThrow().text()).isEqualTo("0");
    }

    @Test
    void orElseThrow_noKey_saysWhereItWasLookedFor() {
        KeyResult result = KeyExtractors.header("idempotency-key").extract(record(null, null));
        assertThatExceptionOfType(MissingKeyException.class)
                .isThrownBy(result::orElseThrow)
                .withMessage(
                        "No idempotency key in header:idempotency-key: The record has no header 'idempotency-key'. "
                                + "Have the sender set it, or name another source as well (dedup.key)");
    }

    private static ConsumerRecord<Object, Object> record(@Nullable Object key, @Nullable Object value) {
        return new ConsumerRecord<>("orders", 0, 0, key, value);
    }
}
