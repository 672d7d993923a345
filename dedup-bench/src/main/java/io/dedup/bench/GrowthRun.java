// SPDX-License-Identifier: Apache-2.0
package io.dedup.bench;

import io.dedup.bench.load.Load;
import io.dedup.bench.mode.Mode;
import io.dedup.bench.report.Growth;
import io.dedup.bench.report.Results;
import io.dedup.bench.worker.WorkerAnswer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Measures how fast modes are while they remember more and more keys, none of which is forgotten. Confined to one thread. */
final class GrowthRun {
    private static final String INPUT = "input-growth";
    private static final long MEASURED = 1_000_000;

    private final Settings settings;
    private final TestBed bed;
    private final Results results;
    private final Load load;
    private final List<Long> ends = new ArrayList<>();

    GrowthRun(Settings settings, TestBed bed, Results results) {
        this.settings = settings;
        this.bed = bed;
        this.results = results;
        this.load = load(settings);
    }

    /** As many records as it takes for the most keys, within three quarters of a TTL. */
    private static Load load(Settings settings) {
        Load given = settings.load();
        long mostKeys = settings.growth().stream().max(Long::compare).orElse(1L);
        double records = mostKeys / (1 - given.duplicateRatio());
        Duration span = given.ttl().multipliedBy(3).dividedBy(4);
        return new Load(
                Math.round(records * 1.1) + 1_000,
                given.valueBytes(),
                given.duplicateRatio(),
                given.reach(),
                given.start().plus(given.span()).minus(span),
                span,
                given.ttl(),
                given.seed());
    }

    /** Fills the input. */
    void load() {
        for (long keys : settings.growth()) {
            ends.add(load.recordsUntil(keys));
        }
        bed.cluster().create(INPUT);
        bed.cluster().load(INPUT, load, records());
        bed.say("Loaded %,d records for growth", records());
    }

    private long records() {
        return ends.stream().max(Long::compare).orElse(0L);
    }

    /** Runs that mode once over all keys. */
    void run(Mode mode) {
        WorkerAnswer answer;
        try (Run run = bed.prepare(mode, INPUT, records())) {
            answer = run.toTheEnd();
        }
        for (int i = 0; i < ends.size(); i++) {
            long end = ends.get(i);
            long measured = Math.min(MEASURED, end);
            double seconds = answer.took(end - measured, end).seconds();
            Growth growth = new Growth(mode.name(), settings.growth().get(i), measured, measured / seconds);
            results.growth().add(growth);
            bed.say(
                    "growth   %-14s %,10.0f records/s with %,d keys remembered",
                    growth.mode(), growth.recordsPerSecond(), growth.keys());
        }
    }
}
