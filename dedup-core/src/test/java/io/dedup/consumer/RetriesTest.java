// SPDX-License-Identifier: Apache-2.0
package io.dedup.consumer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.Duration;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class RetriesTest {
    @Test
    void default_allAttempts_outlastADeployment() {
        Duration all = IntStream.range(1, Retries.DEFAULT.attempts())
                .mapToObj(Retries.DEFAULT::pauseAfter)
                .reduce(Duration.ZERO, Duration::plus);
        assertThat(all).isBetween(Duration.ofMinutes(5), Duration.ofMinutes(10));
    }

    @Test
    void pauseAfter_anyAttempt_doublesUpToTheLongest() {
        Retries retries = new Retries(5, Duration.ofMillis(100), Duration.ofMillis(350));
        assertThat(IntStream.rangeClosed(1, 4).mapToObj(retries::pauseAfter))
                .containsExactly(
                        Duration.ofMillis(100), Duration.ofMillis(200), Duration.ofMillis(350), Duration.ofMillis(350));
    }

    @Test
    void constructor_valuesThatCannotBe_areNamed() {
        Duration second = Duration.ofSeconds(1);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Retries(0, second, second))
                .withMessageStartingWith("attempts");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Retries(1, Duration.ZERO, second))
                .withMessageStartingWith("firstPause");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Retries(1, second, Duration.ofMillis(1)))
                .withMessageStartingWith("longestPause");
    }
}
