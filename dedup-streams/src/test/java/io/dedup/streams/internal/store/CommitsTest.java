// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.store;

import static org.assertj.core.api.Assertions.assertThat;

import io.dedup.streams.internal.store.format.StoreMetadata;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CommitsTest {
    private static final long NOW = 1_766_000_000_000L;

    @Test
    void include_atLeastOnce_isKnownAfterTheCommit() {
        Commits commits = new Commits(StoreMetadata.empty(1), false, NOW);
        long written = commits.written(NOW);
        assertThat(commits.include(written)).isFalse();
        commits.committing();
        assertThat(commits.include(written)).isFalse();
        long meanwhile = commits.written(NOW);
        commits.committed();
        assertThat(commits.include(written)).isTrue();
        assertThat(commits.include(meanwhile)).as("of the next commit").isFalse();
        assertThat(commits.areNews()).isTrue();
    }

    /** What was written last under one guarantee need not have been committed for the other. */
    @ParameterizedTest
    @CsvSource({"true, true, true", "true, false, false", "false, true, false", "false, false, false"})
    void include_writtenBeforeAStop_isKnownOnlyWhereAllWasCommitted(boolean before, boolean after, boolean isKnown) {
        // Given
        Commits stopped = new Commits(StoreMetadata.empty(1), before, NOW);
        long written = stopped.written(NOW);
        StoreMetadata metadata = described(stopped);
        // When
        Commits started = new Commits(metadata, after, NOW - 10_000);
        // Then
        assertThat(started.include(written)).isEqualTo(isKnown);
        assertThat(started.written(NOW - 10_000))
                .as("on a machine whose clock is behind")
                .isGreaterThan(written);
    }

    @Test
    void known_manyRestarts_hasABoundedNumberOfDoubts() {
        StoreMetadata metadata = StoreMetadata.empty(1);
        long first = 0;
        for (int i = 0; i < 100; i++) {
            Commits commits = new Commits(metadata, false, NOW + i * 1_000L);
            long written = commits.written(NOW + i * 1_000L);
            first = first == 0 ? written : first;
            metadata = described(commits);
        }
        assertThat(metadata.committed().doubts()).hasSizeLessThan(40);
        assertThat(new Commits(metadata, true, NOW + 1_000_000).include(first)).isFalse();
    }

    private static StoreMetadata described(Commits commits) {
        return new StoreMetadata(1, 0, 0, 0, commits.known(0), List.of(), List.of(), Map.of(), Map.of());
    }
}
