// SPDX-License-Identifier: Apache-2.0
package io.dedup.consumer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class ExclusiveGateTest {
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final ExclusiveGate gate = new ExclusiveGate();
    private final ExecutorService threads = Executors.newCachedThreadPool();

    @AfterEach
    void stop() {
        threads.shutdownNow();
    }

    @Test
    void enter_several_areTogether() throws InterruptedException {
        try (ExclusiveGate.Pass first = gate.enter();
                ExclusiveGate.Pass second = gate.enter()) {
            assertThat(first).isNotSameAs(second);
            assertThat(gate.enterAlone(Duration.ofMillis(20))).isNull();
        }
    }

    @Test
    void enterAlone_othersRun_waitsForThemAndKeepsNewOnesOut() throws Exception {
        // Given
        ExclusiveGate.Pass running = gate.enter();
        CompletableFuture<ExclusiveGate.Pass> alone = entering(true);
        await().during(Duration.ofMillis(100)).atMost(PATIENCE).until(() -> !alone.isDone());
        CompletableFuture<ExclusiveGate.Pass> late = entering(false);
        await().during(Duration.ofMillis(100)).atMost(PATIENCE).until(() -> !late.isDone());
        // When
        running.close();
        running.close();
        // Then
        ExclusiveGate.Pass pass = alone.get();
        await().during(Duration.ofMillis(100)).atMost(PATIENCE).until(() -> !late.isDone());
        pass.close();
        late.get().close();
        ExclusiveGate.Pass again = gate.enterAlone(PATIENCE);
        assertThat(again).as("none was counted twice").isNotNull();
    }

    @Test
    void enterAlone_inVain_letsOthersInAgain() throws Exception {
        ExclusiveGate.Pass running = gate.enter();
        assertThat(gate.enterAlone(Duration.ofMillis(20))).isNull();
        gate.enter().close();
        running.close();
    }

    private CompletableFuture<ExclusiveGate.Pass> entering(boolean alone) {
        CompletableFuture<ExclusiveGate.Pass> entered = new CompletableFuture<>();
        threads.execute(() -> {
            try {
                entered.complete(alone ? gate.enterAlone(PATIENCE) : gate.enter());
            } catch (InterruptedException stopped) {
                entered.completeExceptionally(stopped);
            }
        });
        return entered;
    }
}
