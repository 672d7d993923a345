// SPDX-License-Identifier: Apache-2.0
package io.dedup.producer;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.dedup.config.DedupConfigException;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Header;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class IdempotencyKeyInterceptorTest {
    @Test
    void onSend_headerIsThere_isLeftAsItIs() {
        ProducerRecord<Object, Object> record = record("key", "{}");
        record.headers().add("idempotency-key", "mine".getBytes(UTF_8));
        assertThat(stamp(Map.of(), record)).isSameAs(record);
    }

    @Test
    void onSend_derived_isTheSameAgainAndDiffersWithTheFields() {
        Map<String, String> configs = Map.of("dedup.producer.key", "sha256:/id");
        String first = key(stamp(configs, record("a", "{\"id\":1,\"at\":1}")));
        assertThat(key(stamp(configs, record("b", "{\"at\":2,\"id\":1.0}")))).isEqualTo(first);
        assertThat(key(stamp(configs, record("a", "{\"id\":2}")))).isNotEqualTo(first);
        assertThat(first).matches("[0-9a-f]{64}");
    }

    @Test
    void onSend_otherHeaderAndRecordKey_areUsed() {
        ProducerRecord<Object, Object> stamped = stamp(
                Map.of("dedup.producer.key", "record-key", "dedup.producer.header", "operation-id"),
                record("order-42", "{}"));
        assertThat(new String(stamped.headers().lastHeader("operation-id").value(), UTF_8))
                .isEqualTo("order-42");
    }

    /** A second key of another name would be another at each attempt. */
    @Test
    void onSend_headerOfAnotherCase_isKeptAloneAsItIs() {
        ProducerRecord<Object, Object> record = record("a", "{}");
        record.headers().add("Idempotency-Key", "k-1".getBytes(UTF_8));
        ProducerRecord<Object, Object> sent = stamp(Map.of(), record);
        assertThat(sent.headers().toArray()).singleElement().satisfies(header -> {
            assertThat(header.key()).isEqualTo("Idempotency-Key");
            assertThat(header.value()).isEqualTo("k-1".getBytes(UTF_8));
        });
    }

    @Test
    void onSend_keyThatAReaderWouldRefuse_isNotStamped() {
        Map<String, String> configs = Map.of(
                "dedup.producer.key", "record-key", "dedup.key.placeholders", "unset", "dedup.key.pattern", "[a-z]+");
        assertThat(key(stamp(configs, record("unset", "{}")))).isNull();
        assertThat(key(stamp(configs, record("A-1", "{}")))).isNull();
        assertThat(key(stamp(configs, record("abc", "{}")))).isEqualTo("abc");
    }

    @Test
    void onSend_nothingToDeriveItFrom_isSentWithoutOne() {
        Map<String, String> configs = Map.of("dedup.producer.key", "value:/id");
        for (Object value : List.of("no json", "{}", 42)) {
            assertThat(key(stamp(configs, record("a", value)))).isNull();
        }
    }

    @Test
    void onSend_everythingElseOfTheRecord_stays() {
        ProducerRecord<Object, Object> record = new ProducerRecord<>("t", 3, 12345L, "key", "value");
        ProducerRecord<Object, Object> stamped = stamp(Map.of(), record);
        assertThat(stamped.topic()).isEqualTo("t");
        assertThat(stamped.partition()).isEqualTo(3);
        assertThat(stamped.timestamp()).isEqualTo(12345L);
        assertThat(stamped.key()).isEqualTo("key");
        assertThat(stamped.value()).isEqualTo("value");
        assertThat(record.headers()).as("the sender's object").isEmpty();
    }

    @Test
    void configure_whatCannotBe_isRefused() {
        assertThatExceptionOfType(DedupConfigException.class)
                .isThrownBy(() -> stamp(Map.of("dedup.producer.key", "md5:/id"), record("a", "b")))
                .withMessageContaining("dedup.producer.key")
                .withMessageContaining("random");
        assertThatExceptionOfType(DedupConfigException.class)
                .isThrownBy(() -> stamp(Map.of("dedup.producer.keys", "random"), record("a", "b")))
                .withMessageContaining("Did you mean dedup.producer.key?");
    }

    private static ProducerRecord<Object, Object> stamp(
            Map<String, String> configs, ProducerRecord<Object, Object> record) {
        try (IdempotencyKeyInterceptor interceptor = new IdempotencyKeyInterceptor()) {
            interceptor.configure(configs);
            return interceptor.onSend(record);
        }
    }

    private static ProducerRecord<Object, Object> record(Object key, Object value) {
        return new ProducerRecord<>("t", null, null, key, value);
    }

    private static @Nullable String key(ProducerRecord<Object, Object> record) {
        Header header = record.headers().lastHeader("idempotency-key");
        return header == null ? null : new String(header.value(), UTF_8);
    }
}
