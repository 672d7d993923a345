// SPDX-License-Identifier: Apache-2.0
package io.dedup.consumer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

class OutageTest {
    private final List<Boolean> told = new CopyOnWriteArrayList<>();

    @Test
    void mayGiveUp_soManyInARow_holdsUntilOneSucceeds() {
        Outage outage = new Outage(2, Duration.ofHours(1), told::add);
        for (int i = 0; i < 2; i++) {
            assertThat(outage.mayGiveUp()).isTrue();
        }
        assertThat(outage.mayGiveUp()).isFalse();
        assertThat(outage.isHolding()).isTrue();
        assertThat(outage.reason()).endsWith(": 2");
        outage.succeeded();
        assertThat(outage.mayGiveUp()).isTrue();
        assertThat(outage.isHolding()).isFalse();
        assertThat(told).containsExactly(true, false);
    }

    /** What is heard last is how it is, whichever threads the changes are made by. */
    @Test
    void holding_changesOnManyThreads_listenerHearsThemInTurnAndTheLastIsTrue() throws Exception {
        // Given
        Outage outage = new Outage(1, Duration.ofHours(1), told::add);
        ExecutorService threads = Executors.newFixedThreadPool(4);
        List<Callable<Void>> changes = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            boolean gives = i % 2 == 0;
            changes.add(() -> {
                if (gives) {
                    outage.mayGiveUp();
                } else {
                    outage.succeeded();
                }
                return null;
            });
        }
        // When
        for (Future<Void> change : threads.invokeAll(changes)) {
            change.get();
        }
        threads.shutdown();
        // Then
        assertThat(told).isNotEmpty();
        for (int i = 0; i < told.size(); i++) {
            assertThat(told.get(i)).as("change %d", i).isEqualTo(i % 2 == 0);
        }
        assertThat(told.get(told.size() - 1)).isEqualTo(outage.isHolding());
    }

    /** In case it is the records: they do not hold up what is behind them for ever. */
    @Test
    void mayGiveUp_heldForLong_givesUpOneMore() {
        Outage outage = new Outage(1, Duration.ofMillis(100), told::add);
        assertThat(outage.mayGiveUp()).isTrue();
        assertThat(outage.mayGiveUp()).isFalse();
        await().until(outage::mayGiveUp);
        assertThat(outage.mayGiveUp()).as("one, and not as many as ask").isFalse();
        outage.notGivenUp();
        outage.notGivenUp();
        assertThat(outage.mayGiveUp()).as("its dead letter could not be sent").isTrue();
    }
}
