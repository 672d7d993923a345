// SPDX-License-Identifier: Apache-2.0
package io.dedup.bench.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dedup.bench.worker.WorkerAnswer.Sample;
import io.dedup.bench.worker.WorkerAnswer.Took;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class WorkerAnswerTest {
    private static final WorkerAnswer ANSWER =
            new WorkerAnswer(0, 5, 0, 0, 0, 0, 0, 0, 0, List.of(new Sample(1, 2, 100), new Sample(3, 4, 500)));

    @ParameterizedTest
    @CsvSource({
        "100, 500, 2, 2, between what was seen",
        "200, 400, 1, 1, on the line between",
        "0, 50, 0.5, 1, on the line from the start",
        "0, 500, 3, 4, everything",
        "500, 500, 0, 0, nothing"
    })
    void took_someRecords_isTheTimeBetweenTheirCommits(long from, long to, double seconds, double cpu, String what) {
        assertThat(ANSWER.took(from, to)).as(what).isEqualTo(new Took(seconds, cpu));
    }

    @Test
    void took_beyondTheLast_isRefused() {
        assertThatThrownBy(() -> ANSWER.took(0, 501))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("500");
    }
}
