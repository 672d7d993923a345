// SPDX-License-Identifier: Apache-2.0
package io.dedup.bench.process;

import io.dedup.embedded.EmbeddedBroker;
import java.util.Map;

/** A broker in a process of its own: answers with its address, and ends when its parent lets go. */
public final class BrokerMain {
    /** Nothing that is measured is deleted by age while it is measured: event times are days in the past. */
    private static final Map<String, String> CONFIGS = Map.of("log.retention.check.interval.ms", "86400000");

    private BrokerMain() {}

    /** Takes no arguments. */
    public static void main(String[] args) {
        try (EmbeddedBroker broker = EmbeddedBroker.start(CONFIGS)) {
            ChildJvm.answer(broker.bootstrapServers());
            Lifeline.await();
        }
    }
}
