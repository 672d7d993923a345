// SPDX-License-Identifier: Apache-2.0
package io.dedup.consumer;

import java.time.Duration;
import java.util.List;
import java.util.OptionalLong;

/** The loops of one consumer, seen from outside. Thread-safe. */
record ConsumerLoops(List<ConsumerLoop> all) {
    ConsumerLoops {
        all = List.copyOf(all);
    }

    /** Whether each of them has a place in the group. */
    boolean haveJoined() {
        return all.stream().allMatch(ConsumerLoop::hasJoined);
    }

    /** How many records were read and are not done with. */
    int inFlight() {
        return all.stream().mapToInt(ConsumerLoop::inFlight).sum();
    }

    /** How long the oldest record has been read that is not done with; zero if there is none. */
    Duration oldestAge() {
        return all.stream()
                .map(ConsumerLoop::oldestAge)
                .max(Duration::compareTo)
                .orElse(Duration.ZERO);
    }

    /** How many records there are that are not done with, read or not; empty if no loop knows. */
    OptionalLong lag() {
        return all.stream()
                .map(ConsumerLoop::lag)
                .flatMapToLong(OptionalLong::stream)
                .reduce(Long::sum);
    }
}
