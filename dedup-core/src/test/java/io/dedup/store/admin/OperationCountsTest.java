// SPDX-License-Identifier: Apache-2.0
package io.dedup.store.admin;

import static org.assertj.core.api.Assertions.assertThat;

import io.dedup.store.admin.OperationCounts.Group;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class OperationCountsTest {
    private static final Duration HOUR = Duration.ofHours(1);

    private final OperationCounts counts = OperationCounts.of(List.of(
            new Group("b", OperationState.UNKNOWN, 1, HOUR),
            new Group("a", OperationState.SUCCEEDED, 7, HOUR),
            new Group("b", OperationState.UNKNOWN, 2, HOUR.multipliedBy(3)),
            new Group("c", OperationState.UNKNOWN, 1, HOUR.multipliedBy(2))));

    @Test
    void of_sameScopeAndState_isTheirSumAndTheOldest() {
        assertThat(counts.groups())
                .containsExactly(
                        new Group("a", OperationState.SUCCEEDED, 7, HOUR),
                        new Group("b", OperationState.UNKNOWN, 3, HOUR.multipliedBy(3)),
                        new Group("c", OperationState.UNKNOWN, 1, HOUR.multipliedBy(2)));
    }

    @Test
    void countAndOldest_state_areOverAllScopes() {
        assertThat(counts.count(OperationState.UNKNOWN)).isEqualTo(4);
        assertThat(counts.oldest(OperationState.UNKNOWN)).isEqualTo(HOUR.multipliedBy(3));
        assertThat(counts.count(OperationState.STUCK)).isZero();
        assertThat(counts.oldest(OperationState.STUCK)).isZero();
    }

    @Test
    void withScopes_fewer_keepsThoseWithTheMostOpen() {
        assertThat(counts.withScopes(1).groups())
                .containsExactly(
                        new Group(OperationCounts.OTHER_SCOPES, OperationState.SUCCEEDED, 7, HOUR),
                        new Group(OperationCounts.OTHER_SCOPES, OperationState.UNKNOWN, 1, HOUR.multipliedBy(2)),
                        new Group("b", OperationState.UNKNOWN, 3, HOUR.multipliedBy(3)));
        assertThat(counts.withScopes(3)).isEqualTo(counts);
    }
}
