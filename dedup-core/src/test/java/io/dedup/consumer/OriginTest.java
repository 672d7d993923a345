// SPDX-License-Identifier: Apache-2.0
package io.dedup.consumer;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.dedup.Coordinates;
import java.nio.ByteBuffer;
import java.util.List;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Headers;
import org.junit.jupiter.api.Test;

class OriginTest {
    private static final Coordinates ORIGINAL = new Coordinates("payments", 3, 42);

    private final ConsumerRecord<String, String> record = new ConsumerRecord<>("payments-retry-0", 1, 7, "k", "v");
    private final Headers headers = record.headers();

    @Test
    void of_ordinaryRecord_isItself() {
        assertThat(Origin.of(record, "g")).isEqualTo(new Origin(new Coordinates("payments-retry-0", 1, 7), "g"));
    }

    @Test
    void of_retryTopicOfSpring_isTheFirstOfAllHops() {
        spring("kafka_original-", "payments", 3, 42);
        spring("kafka_original-", "payments-retry-0", 0, 1);
        headers.add("kafka_dlt-original-consumer-group", "billing".getBytes(UTF_8));
        assertThat(Origin.of(record, "billing-retry-0")).isEqualTo(new Origin(ORIGINAL, "billing"));
    }

    @Test
    void of_deadLetterOfSpring_isTheFirstOfAllHops() {
        spring("kafka_dlt-original-", "payments", 3, 42);
        spring("kafka_dlt-original-", "payments-dlt", 0, 1);
        assertThat(Origin.of(record, "repair")).isEqualTo(new Origin(ORIGINAL, "repair"));
    }

    /** Where it was read first it is for every group that reads there, and not for that which gave it up. */
    @Test
    void of_deadLetterSentAgainToItsTopic_isOfTheGroupThatReadsIt() {
        ConsumerRecord<String, String> again = new ConsumerRecord<>("payments", 1, 7, "k", "v");
        spring(again.headers(), "kafka_dlt-original-", "payments", 3, 42);
        again.headers().add("kafka_dlt-original-consumer-group", "billing".getBytes(UTF_8));
        assertThat(Origin.of(again, "reporting")).isEqualTo(new Origin(ORIGINAL, "reporting"));
    }

    @Test
    void of_deadLetterOfAConsumer_isWhatItSays() {
        ours("payments", "3", "42");
        headers.add("__dedup.group", "billing".getBytes(UTF_8));
        assertThat(Origin.of(record, "repair")).isEqualTo(new Origin(ORIGINAL, "billing"));
    }

    /** A duplicate that a topology has marked and passed on is a record of its own topic. */
    @Test
    void of_recordThatIsOnlyMarked_isItself() {
        ours("payments", "3", "42");
        assertThat(Origin.of(record, "g").at().topic()).isEqualTo("payments-retry-0");
    }

    /** A producer of another topic does not choose what its records are. */
    @Test
    void of_headersInATopicOfItsOwn_isItself() {
        for (String topic : List.of("payments-settled", "chat", "paymentsretry")) {
            ConsumerRecord<String, String> other = new ConsumerRecord<>(topic, 1, 7, "k", "v");
            spring(other.headers(), "kafka_original-", "payments", 3, 42);
            assertThat(Origin.of(other, "g").at().topic()).isEqualTo(topic);
        }
        for (String topic :
                List.of("payments", "payments-retry", "payments-retry-1000", "payments.DLT", "payments-dlt")) {
            ConsumerRecord<String, String> copy = new ConsumerRecord<>(topic, 1, 7, "k", "v");
            spring(copy.headers(), "kafka_original-", "payments", 3, 42);
            assertThat(Origin.of(copy, "g").at()).as(topic).isEqualTo(ORIGINAL);
        }
    }

    @Test
    void of_malformedHeaders_isItself() {
        headers.add("kafka_original-topic", "payments".getBytes(UTF_8));
        headers.add("kafka_original-partition", new byte[] {1});
        headers.add("kafka_original-offset", null);
        ours("", "three", "42");
        headers.add("__dedup.group", "g".getBytes(UTF_8));
        spring("kafka_dlt-original-", "payments", -3, 42);
        assertThat(Origin.of(record, "g").at().topic()).isEqualTo("payments-retry-0");
    }

    private void ours(String topic, String partition, String offset) {
        headers.add("__dedup.topic", topic.getBytes(UTF_8));
        headers.add("__dedup.partition", partition.getBytes(UTF_8));
        headers.add("__dedup.offset", offset.getBytes(UTF_8));
    }

    private void spring(String prefix, String topic, int partition, long offset) {
        spring(headers, prefix, topic, partition, offset);
    }

    private static void spring(Headers headers, String prefix, String topic, int partition, long offset) {
        headers.add(prefix + "topic", topic.getBytes(UTF_8));
        headers.add(
                prefix + "partition", ByteBuffer.allocate(4).putInt(partition).array());
        headers.add(prefix + "offset", ByteBuffer.allocate(8).putLong(offset).array());
    }
}
