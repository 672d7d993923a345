// SPDX-License-Identifier: Apache-2.0
package io.dedup.consumer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.dedup.handler.IdempotentHandler;
import io.dedup.store.memory.MemoryIdempotencyStore;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SubscriptionTest {
    @ParameterizedTest
    @CsvSource({
        "'pay.*',            0",
        "'pay.*|other',      0",
        "'(?i)PAY.*',        0",
        "'PAY.*',            2", // CASE_INSENSITIVE
        "'pay .* # all',     4", // COMMENTS
    })
    void without_patternMatchesTheDeadLetterTopic_leavesOutThatTopicOnly(String regex, int flags) {
        Subscription all = Subscription.to(Pattern.compile(regex, flags));
        Subscription without = all.without("pay-dead");
        assertThat(all.includes("pay-dead")).isTrue();
        assertThat(without.includes("pay-dead")).isFalse();
        assertThat(without.includes("pay-dead-2")).isTrue();
        assertThat(without.includes("payments")).isTrue();
        assertThat(without.includes("elsewhere")).isFalse();
        assertThat(without.includes("pay-DEAD")).as("another topic").isTrue();
    }

    @Test
    void without_patternIsLiteral_staysLiteral() {
        Subscription without =
                Subscription.to(Pattern.compile("pay.ments", Pattern.LITERAL)).without("pay-dead");
        assertThat(without.includes("pay.ments")).isTrue();
        assertThat(without.includes("pay-ments")).isFalse();
        assertThat(Subscription.to(Pattern.compile("pay.dead", Pattern.LITERAL))
                        .without("pay.dead")
                        .includes("pay.dead"))
                .isFalse();
    }

    @Test
    void without_deadLetterTopicIsNamed_isRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Subscription.to("pay", "pay-dead").without("pay-dead"))
                .withMessageStartingWith("deadLetterTopic")
                .withMessageContaining("pay-dead");
    }

    @Test
    void to_noTopic_isRefused() {
        assertThatIllegalArgumentException().isThrownBy(Subscription::to).withMessageContaining("topics");
    }

    @ParameterizedTest
    @CsvSource({
        "payments-retry-0, true",
        "payments.DLT, true",
        "payments-dead-letter, true",
        "payments, false",
        "deadlines, false",
        "errors, false"
    })
    void isNamedAsCopies_topics_areThoseOfRetriesAndDeadLetters(String topic, boolean isOne) {
        assertThat(Origin.isNamedAsCopies(topic)).isEqualTo(isOne);
    }

    @Test
    @Tag("needs-kafka-4.2")
    void startInShareGroup_pattern_isRefusedAndSaysSo() {
        IdempotentConsumerBuilder<byte[], byte[]> builder = IdempotentConsumer.subscribing(
                        Map.of("bootstrap.servers", "localhost:1", "group.id", "g"), Pattern.compile("pay.*"))
                .withDeadLetters("pay-dead");
        try (IdempotentHandler<Void> handler =
                IdempotentHandler.on(MemoryIdempotencyStore.holding(10), "test").build()) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> builder.startInShareGroup(handler, (record, execution) -> {}))
                    .withMessageContaining("by name, and not by pattern: pay.*");
        }
    }
}
