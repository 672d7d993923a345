// SPDX-License-Identifier: Apache-2.0
package io.dedup.consumer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class OutageTest {
    @Test
    void mayGiveUp_soManyInARow_holdsUntilOneSucceeds() {
        Outage outage = new Outage(2, Duration.ofHours(1));
        for (int i = 0; i < 2; i++) {
            assertThat(outage.mayGiveUp()).isTrue();
        }
        assertThat(outage.mayGiveUp()).isFalse();
        assertThat(outage.isHolding()).isTrue();
        outage.succeeded();
        assertThat(outage.mayGiveUp()).isTrue();
        assertThat(outage.isHolding()).isFalse();
    }

    /** In case it is the records: they do not hold up what is behind them for ever. */
    @Test
    void mayGiveUp_heldForLong_givesUpOneMore() {
        Outage outage = new Outage(1, Duration.ofMillis(100));
        assertThat(outage.mayGiveUp()).isTrue();
        assertThat(outage.mayGiveUp()).isFalse();
        await().until(outage::mayGiveUp);
        assertThat(outage.mayGiveUp()).as("one, and not as many as ask").isFalse();
        outage.notGivenUp();
        outage.notGivenUp();
        assertThat(outage.mayGiveUp()).as("its dead letter could not be sent").isTrue();
    }
}
