// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.errors;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DedupTimestampExtractorTest {
    private final DedupTimestampExtractor extractor = new DedupTimestampExtractor();

    @Test
    void extract_time_isTheRecordsOwn() {
        ConsumerRecord<Object, Object> record = record(7);
        assertThat(extractor.extract(record, 9)).isEqualTo(7);
        assertThat(DedupTimestampExtractor.invalid(record.headers())).isNull();
    }

    @ParameterizedTest
    @ValueSource(longs = {-1, Long.MIN_VALUE})
    void extract_negativeTime_isThatOfThePartitionAndTheOwnInAHeader(long time) {
        ConsumerRecord<Object, Object> record = record(time);
        assertThat(extractor.extract(record, 9)).isEqualTo(9);
        assertThat(extractor.extract(record, -1)).as("before any other").isZero();
        assertThat(DedupTimestampExtractor.invalid(record.headers())).isEqualTo(time);
        assertThat(record.headers().headers(DedupTimestampExtractor.INVALID)).hasSize(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "x", "7", "-99999999999999999999999"})
    void invalid_headerOfAnother_isNone(String value) {
        RecordHeaders headers = new RecordHeaders();
        headers.add(DedupTimestampExtractor.INVALID, value.getBytes(UTF_8));
        assertThat(DedupTimestampExtractor.invalid(headers)).isNull();
    }

    private static ConsumerRecord<Object, Object> record(long time) {
        return new ConsumerRecord<>(
                "in", 0, 0, time, TimestampType.CREATE_TIME, 0, 0, "k", "v", new RecordHeaders(), Optional.empty());
    }
}
