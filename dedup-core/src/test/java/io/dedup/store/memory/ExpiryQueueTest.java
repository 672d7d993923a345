// SPDX-License-Identifier: Apache-2.0
package io.dedup.store.memory;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ExpiryQueueTest {
    private static final int STEPS = 50_000;

    private static final class Timed extends ExpiryQueue.Expiring {
        private long expiresAt;

        @Override
        long expiresAt() {
            return expiresAt;
        }
    }

    /** Compared with a list that is searched. */
    @Test
    void firstBefore_anyHistory_isAnEntryThatHasExpiredIfThereIsOne() {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        ExpiryQueue<Timed> queue = new ExpiryQueue<>();
        List<Timed> kept = new ArrayList<>();
        long now = 0;
        for (int step = 0; step < STEPS; step++) {
            now += random.nextInt(3);
            int kind = random.nextInt(10);
            if (kind < 4) {
                Timed added = new Timed();
                added.expiresAt = now + random.nextInt(500);
                queue.put(added);
                kept.add(added);
            } else if (kind < 8 && !kept.isEmpty()) {
                Timed moved = kept.get(random.nextInt(kept.size()));
                moved.expiresAt = now + random.nextInt(500);
                queue.put(moved);
            } else if (kind == 8 && !kept.isEmpty()) {
                queue.remove(kept.remove(random.nextInt(kept.size())));
            }
            long time = now;
            Timed first = queue.firstBefore(time);
            if (first == null) {
                assertThat(kept).as("seed %d, step %d", seed, step).noneMatch(each -> each.expiresAt < time);
            } else {
                assertThat(first.expiresAt).as("seed %d, step %d", seed, step).isLessThan(time);
                assertThat(kept.remove(first))
                        .as("seed %d, step %d", seed, step)
                        .isTrue();
                queue.remove(first);
            }
        }
    }
}
