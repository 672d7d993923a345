// SPDX-License-Identifier: Apache-2.0
package io.dedup.consumer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dedup.handler.IdempotentHandler;
import io.dedup.store.memory.MemoryIdempotencyStore;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Holds with every version of kafka-clients that is supported; {@code .ci/matrix} runs it with each. */
class ClientFeaturesTest {
    /** A version that cannot renew locks is refused before anything else is looked at. */
    @Test
    void startInShareGroup_anyClient_isRefusedBelow42AndCheckedFurtherFrom42On() {
        // Given
        IdempotentConsumerBuilder<byte[], byte[]> withoutDeadLetters =
                IdempotentConsumer.subscribing(Map.of("bootstrap.servers", "localhost:1", "group.id", "g"), "t");
        try (IdempotentHandler<Void> handler =
                IdempotentHandler.on(MemoryIdempotencyStore.holding(10), "test").build()) {
            // When, then
            var refusal =
                    assertThatThrownBy(() -> withoutDeadLetters.startInShareGroup(handler, (record, execution) -> {}));
            if (minor() < 42) {
                refusal.isInstanceOf(UnsupportedOperationException.class)
                        .hasMessageContaining("4.2.0 or later")
                        .hasMessageContaining(ClientFeatures.version());
            } else {
                refusal.isInstanceOf(IllegalArgumentException.class).hasMessageContaining("dead-letter topic");
            }
        }
    }

    @Test
    void features_anyClient_areThoseOfItsVersion() {
        assertThat(ClientFeatures.NEXT_OFFSETS).isEqualTo(minor() >= 40);
        assertThat(ClientFeatures.RENEWED_LOCKS).isEqualTo(minor() >= 42);
    }

    /** The matrix runs the clients that it says, and not those of the build. */
    @Test
    void version_wantedVersion_isOnTheClassPath() {
        String wanted = System.getProperty("dedup.clients.version", ClientFeatures.version());
        assertThat(ClientFeatures.version()).isEqualTo(wanted).matches("\\d+\\.\\d+\\.\\d+");
    }

    /** As docs/compatibility.md says; loading the class is all that can be done before Kafka asks for it. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "io.dedup.consumer.MonitoredDedupConsumerInterceptor",
                "io.dedup.producer.MonitoredIdempotencyKeyInterceptor"
            })
    void monitoredInterceptor_anyClient_isLoadedFrom41OnAndElseNamesWhatIsMissing(String name) {
        if (minor() < 41) {
            assertThatThrownBy(() -> Class.forName(name))
                    .isInstanceOf(NoClassDefFoundError.class)
                    .hasMessage("org/apache/kafka/common/metrics/Monitorable");
        } else {
            assertThatCode(() -> Class.forName(name)).doesNotThrowAnyException();
        }
    }

    /** 43 for 4.3.1. */
    private static int minor() {
        List<String> parts = List.of(ClientFeatures.version().split("\\.", -1));
        return Integer.parseInt(parts.get(0)) * 10 + Integer.parseInt(parts.get(1));
    }
}
