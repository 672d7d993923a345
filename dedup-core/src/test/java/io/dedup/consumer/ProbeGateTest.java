// SPDX-License-Identifier: Apache-2.0
package io.dedup.consumer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

class ProbeGateTest {
    private final AtomicBoolean holds = new AtomicBoolean();
    private final Deque<Runnable> workers = new ArrayDeque<>();
    private final List<String> begun = new ArrayList<>();
    private final ProbeGate gate = new ProbeGate(holds::get, workers::add, Duration.ofHours(1));

    @Test
    void run_nothingIsHeld_allBegin() {
        gate.run(() -> {
            begun.add("a");
            gate.run(() -> begun.add("b"));
        });
        assertThat(begun).containsExactly("a", "b");
    }

    @Test
    void run_recordsAreHeld_beginOneAfterTheOther() {
        holds.set(true);
        gate.run(() -> {
            begun.add("a");
            gate.run(() -> begun.add("b"));
            gate.run(() -> begun.add("c"));
            gate.next();
            assertThat(begun).as("while a runs").containsExactly("a");
            assertThat(workers).isEmpty();
        });
        assertThat(workers).as("only b, once a has ended").hasSize(1);
        workers.remove().run();
        assertThat(begun).containsExactly("a", "b");
        workers.remove().run();
        assertThat(begun).containsExactly("a", "b", "c");
        assertThat(workers).isEmpty();
    }

    @Test
    void run_oneSucceeds_allThatWaitBegin() {
        holds.set(true);
        gate.run(() -> {
            gate.run(() -> begun.add("b"));
            gate.run(() -> begun.add("c"));
            holds.set(false);
        });
        workers.forEach(Runnable::run);
        assertThat(begun).containsExactly("b", "c");
    }

    @Test
    void next_recordsAreNotHeldAnyMore_allThatWaitBegin() {
        holds.set(true);
        gate.run(() -> {
            gate.run(() -> begun.add("b"));
            holds.set(false);
            gate.next();
            workers.forEach(Runnable::run);
            assertThat(begun).as("while the first still runs").containsExactly("b");
        });
    }

    @Test
    void run_workThrows_theNextBegins() {
        holds.set(true);
        assertThatIllegalStateException()
                .isThrownBy(() -> gate.run(() -> {
                    gate.run(() -> begun.add("b"));
                    throw new IllegalStateException("broken");
                }));
        workers.remove().run();
        assertThat(begun).containsExactly("b");
    }

    /** A thread that hangs does not hold all others for ever. */
    @Test
    void next_oneDoesNotEnd_anotherBeginsBesideIt() {
        ProbeGate impatient = new ProbeGate(holds::get, workers::add, Duration.ZERO);
        holds.set(true);
        impatient.run(() -> {
            impatient.run(() -> begun.add("b"));
            assertThat(begun).containsExactly("b");
        });
    }
}
