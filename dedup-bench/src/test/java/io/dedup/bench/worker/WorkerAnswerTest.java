// SPDX-License-Identifier: Apache-2.0
package io.dedup.bench.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dedup.bench.worker.WorkerAnswer.Sample;
import java.util.List;
import org.junit.jupiter.api.Test;

class WorkerAnswerTest {
    private static final WorkerAnswer ANSWER =
            new WorkerAnswer(0, 3, 4, 5, 0, 0, 0, 0, 0, 0, 0, List.of(new Sample(1, 2, 100), new Sample(3, 4, 500)));

    @Test
    void at_betweenSamples_isOnTheLine() {
        assertThat(ANSWER.at(200)).isEqualTo(new Sample(1.5, 2.5, 200));
    }

    @Test
    void at_beforeTheFirstSample_isOnTheLineFromTheStart() {
        assertThat(ANSWER.at(50)).isEqualTo(new Sample(0.5, 1, 50));
    }

    @Test
    void at_nothing_isTheStart() {
        assertThat(ANSWER.at(0)).isEqualTo(new Sample(0, 0, 0));
    }

    @Test
    void at_aSample_isIt() {
        assertThat(ANSWER.at(500)).isEqualTo(new Sample(3, 4, 500));
    }

    @Test
    void at_beyondTheLast_isRefused() {
        assertThatThrownBy(() -> ANSWER.at(501))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("500");
    }
}
