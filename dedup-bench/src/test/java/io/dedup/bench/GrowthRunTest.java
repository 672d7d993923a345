// SPDX-License-Identifier: Apache-2.0
package io.dedup.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dedup.bench.worker.WorkerAnswer.Sample;
import java.util.List;
import org.junit.jupiter.api.Test;

class GrowthRunTest {
    private static final List<Sample> SAMPLES = List.of(new Sample(1, 100), new Sample(3, 500));

    @Test
    void secondsAt_betweenSamples_isOnTheLine() {
        assertThat(GrowthRun.secondsAt(200, SAMPLES)).isEqualTo(1.5);
    }

    @Test
    void secondsAt_beforeTheFirstSample_isOnTheLineFromTheStart() {
        assertThat(GrowthRun.secondsAt(50, SAMPLES)).isEqualTo(0.5);
    }

    @Test
    void secondsAt_aSample_isIts() {
        assertThat(GrowthRun.secondsAt(500, SAMPLES)).isEqualTo(3);
    }

    @Test
    void secondsAt_beyondTheLast_isRefused() {
        assertThatThrownBy(() -> GrowthRun.secondsAt(501, SAMPLES))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("500");
    }
}
