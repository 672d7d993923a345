// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.errors;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.dedup.DedupHeaders;
import io.dedup.streams.internal.Marks;
import io.dedup.streams.target.RecordSize;
import io.dedup.streams.target.TopicLimits;
import io.dedup.streams.target.WriteLimits;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.streams.errors.ErrorHandlerContext;
import org.apache.kafka.streams.errors.StreamsException;
import org.apache.kafka.streams.errors.internals.DefaultErrorHandlerContext;
import org.apache.kafka.streams.processor.TaskId;
import org.junit.jupiter.api.Test;

class DeadLetterSizeTest {
    private static final ErrorHandlerContext CONTEXT = new DefaultErrorHandlerContext(
            null, "in", 3, 17, new RecordHeaders(), "node", new TaskId(0, 0), 0, new byte[0], new byte[0]);
    private static final int MIN = 300;

    @Test
    void fitting_limitsFromLargeToSmall_moreAndMoreIsLeftOutAndWhatRemainsFits() {
        ProducerRecord<byte[], byte[]> letter = letter();
        Set<String> omitted = new LinkedHashSet<>();
        for (int limit = 5000; limit >= MIN; limit--) {
            ProducerRecord<byte[], byte[]> fitting = size(limit).fitting(letter, CONTEXT);
            assertThat(RecordSize.of(fitting.key(), fitting.value(), fitting.headers())
                            .inBatch())
                    .isLessThanOrEqualTo(limit);
            assertThat(text(fitting.headers(), DedupHeaders.REASON)).isEqualTo("conflict");
            assertThat(text(fitting.headers(), "__streams.errors.offset")).isEqualTo("17");
            omitted.add(omitted(fitting));
        }
        assertThat(omitted)
                .containsExactly(
                        "nothing",
                        "stack trace",
                        "stack trace, value of 2000",
                        "stack trace, value of 2000, 1 header",
                        "stack trace, value of 2000, 1 header, key of 300");
    }

    @Test
    void fitting_largeEnough_isTheLetterItself() {
        ProducerRecord<byte[], byte[]> letter = letter();
        assertThat(size(5000).fitting(letter, CONTEXT)).isSameAs(letter);
    }

    @Test
    void fitting_nothingFits_namesTopicRecordSettingAndFix() {
        ProducerRecord<byte[], byte[]> letter = letter();
        DeadLetterSize tiny = size(100);
        assertThatExceptionOfType(StreamsException.class)
                .isThrownBy(() -> tiny.fitting(letter, CONTEXT))
                .withMessageContaining("the record at in-3@17 cannot be written to dead")
                .withMessageContaining("at most 100 (max.message.bytes)")
                .withMessageContaining("Raise max.message.bytes of the topic");
    }

    private static String omitted(ProducerRecord<byte[], byte[]> letter) {
        List<String> omitted = new ArrayList<>();
        if (letter.headers().lastHeader("__streams.errors.stacktrace") == null) {
            omitted.add("stack trace");
        }
        if (letter.value() == null) {
            omitted.add("value of " + text(letter.headers(), DedupHeaders.VALUE_OMITTED));
        }
        if (letter.headers().lastHeader("theirs") == null) {
            omitted.add(text(letter.headers(), DedupHeaders.HEADERS_OMITTED) + " header");
        }
        if (letter.key() == null) {
            omitted.add("key of " + text(letter.headers(), DedupHeaders.KEY_OMITTED));
        }
        return omitted.isEmpty() ? "nothing" : String.join(", ", omitted);
    }

    private static ProducerRecord<byte[], byte[]> letter() {
        RecordHeaders headers = new RecordHeaders();
        headers.add("theirs", new byte[200]);
        headers.add(DedupHeaders.REASON, "conflict".getBytes(UTF_8));
        headers.add("__streams.errors.offset", "17".getBytes(UTF_8));
        headers.add("__streams.errors.message", new byte[200]);
        headers.add("__streams.errors.stacktrace", new byte[1000]);
        return new ProducerRecord<>("dead", null, null, new byte[300], new byte[2000], headers);
    }

    private static DeadLetterSize size(int limit) {
        Map<String, String> settings = Map.of("max.message.bytes", Integer.toString(limit));
        return new DeadLetterSize(WriteLimits.of(Map.of(), Map.of("dead", TopicLimits.of(settings))));
    }

    private static String text(Headers headers, String name) {
        return Objects.requireNonNullElse(Marks.text(headers, name), "");
    }
}
