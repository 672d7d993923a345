// SPDX-License-Identifier: Apache-2.0
package io.dedup.bench;

import io.dedup.bench.load.Load;
import io.dedup.bench.mode.Mode;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * What a call of the command asks for.
 *
 * @param modes in the order they are run in the first round
 * @param rounds how often
 * @param load what is sent: what is read to warm up, and then what is measured
 * @param warmUp how much of it is read before the clock starts
 * @param slowRecords how many records of slow modes are measured, if there are as many
 * @param heap of every worker
 * @param brokerHeap of the broker
 * @param workerOptions for the JVM of every worker
 * @param streamsProperties for every Kafka Streams application
 * @param cold whether the broker is not warmed up
 * @param restore whether modes with a changelog are restarted without their local state, each after its last round
 * @param growth at how many keys throughput is measured; empty if it is not asked for
 * @param latency how long records are on their way; empty if it is not asked for
 * @param directory for logs and state while it runs
 */
record Settings(
        List<Mode> modes,
        int rounds,
        Load load,
        long warmUp,
        long slowRecords,
        String heap,
        String brokerHeap,
        List<String> workerOptions,
        Map<String, String> streamsProperties,
        boolean cold,
        boolean restore,
        List<Long> growth,
        Optional<LatencySettings> latency,
        Path directory) {
    /**
     * How latency is measured.
     *
     * @param recordsPerSecond the rate; empty for half of what the mode that does not deduplicate has done
     * @param warmUp how much is sent before and not timed: what the rate makes in that time
     * @param measured for how long records are timed
     */
    record LatencySettings(OptionalDouble recordsPerSecond, Duration warmUp, Duration measured) {}

    private static final int PART_OF_HEAVY = 5;

    /** The modes that do not make a call for each record. */
    List<Mode> withoutSlowOnes() {
        return modes.stream().filter(mode -> mode.pace() != Mode.Pace.SLOW).toList();
    }

    /** How many records are measured, but for slow modes. */
    long measured() {
        return load.records() - warmUp;
    }

    /** How many records of that mode are measured. */
    long measuredOf(Mode mode) {
        return mode.pace() == Mode.Pace.SLOW ? Math.min(slowRecords, measured()) : measured();
    }

    /** How many records that mode reads before these. */
    long warmUpOf(Mode mode) {
        return switch (mode.pace()) {
            case FULL -> warmUp;
            case HEAVY -> warmUp / PART_OF_HEAVY;
            case SLOW -> Math.min(warmUp, measuredOf(mode));
        };
    }

    /** How many records that mode is given. */
    long recordsOf(Mode mode) {
        return warmUpOf(mode) + measuredOf(mode);
    }
}
