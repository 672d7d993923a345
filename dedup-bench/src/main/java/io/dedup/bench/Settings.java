// SPDX-License-Identifier: Apache-2.0
package io.dedup.bench;

import io.dedup.bench.load.Load;
import io.dedup.bench.mode.Mode;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * What a call of the command asks for.
 *
 * @param modes in the order they are run in the first round
 * @param rounds how often
 * @param load what is sent
 * @param slowRecords how many of it the slow modes are given
 * @param heap of every worker
 * @param brokerHeap of the broker
 * @param workerOptions for the JVM of every worker
 * @param streamsProperties for every Kafka Streams application
 * @param directory for logs and state while it runs
 */
record Settings(
        List<Mode> modes,
        int rounds,
        Load load,
        long slowRecords,
        String heap,
        String brokerHeap,
        List<String> workerOptions,
        Map<String, String> streamsProperties,
        Path directory) {
    /** How many records that mode is given. */
    long recordsOf(Mode mode) {
        return mode.pace() == Mode.Pace.SLOW ? Math.min(slowRecords, load.records()) : load.records();
    }
}
