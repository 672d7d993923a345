// SPDX-License-Identifier: Apache-2.0
package io.dedup.bench.report;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;

/**
 * Everything that one call of the command has measured; as JSON, what {@code --json} writes. Confined to one thread.
 *
 * @param environment what it was measured on and with, by name
 * @param rounds one entry for each run of a mode, in the order they were run
 * @param latency one entry for each mode, if it was asked for
 * @param growth one entry for each mode and number of keys, if it was asked for
 * @param restore one entry for each mode that remembers in a changelog, if it was asked for
 * @param failures runs that came to no result
 */
public record Results(
        Map<String, Object> environment,
        List<Measurement> rounds,
        List<Latency> latency,
        List<Growth> growth,
        List<Restore> restore,
        List<Failure> failures) {
    private static final ObjectMapper JSON = new ObjectMapper()
            .enable(SerializationFeature.INDENT_OUTPUT)
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES);

    /** Nothing yet, in that environment. */
    public static Results in(Map<String, Object> environment) {
        return new Results(
                new LinkedHashMap<>(environment),
                new ArrayList<>(),
                new ArrayList<>(),
                new ArrayList<>(),
                new ArrayList<>(),
                new ArrayList<>());
    }

    /** What was written there. */
    public static Results read(Path file) throws IOException {
        return JSON.readValue(file.toFile(), Results.class);
    }

    /** Writes everything there. */
    public void write(Path file) throws IOException {
        Path whole = file.resolveSibling(file.getFileName() + ".part");
        JSON.writeValue(whole.toFile(), this);
        Files.move(whole, file, StandardCopyOption.REPLACE_EXISTING);
    }

    /** The modes that were run, in the order they were asked for. */
    public List<String> modes() {
        Object asked = environment.get("modes");
        List<String> run = rounds.stream().map(Measurement::mode).distinct().toList();
        return asked instanceof List<?> names
                ? names.stream().map(String::valueOf).filter(run::contains).toList()
                : run;
    }

    /** The runs of that mode. */
    public List<Measurement> of(String mode) {
        return rounds.stream().filter(run -> run.mode().equals(mode)).toList();
    }

    /** How many records a second that mode has done. */
    public Spread throughput(String mode) {
        return Spread.of(of(mode).stream().map(Measurement::recordsPerSecond).toList());
    }

    /** How many times as fast as the other that mode was, round by round; empty if they have no round in common. */
    public List<Double> ratios(String mode, String other) {
        List<Measurement> others = of(other);
        return of(mode).stream()
                .flatMap(run -> others.stream()
                        .filter(beside -> beside.round() == run.round())
                        .map(beside -> run.recordsPerSecond() / beside.recordsPerSecond()))
                .toList();
    }

    /**
     * How many bytes of the heap a key takes: what is live at the end, less what is live in the other mode, for each key. Empty
     * if the other was not run with as many records.
     */
    public OptionalDouble heapBytesPerKey(String mode, String other) {
        List<Measurement> others = of(other);
        Measurement any = of(mode).get(0);
        if (mode.equals(other) || others.isEmpty() || others.get(0).records() != any.records()) {
            return OptionalDouble.empty();
        }
        double more = liveHeap(mode) - liveHeap(other);
        return OptionalDouble.of(Math.max(0, more / any.distinctKeys()));
    }

    private double liveHeap(String mode) {
        return Spread.of(of(mode).stream()
                        .map(run -> (double) run.liveHeapBytes())
                        .toList())
                .median();
    }

    /** Whether every run came to a result, and has let through what it has to. */
    public boolean areRight() {
        return failures.isEmpty() && rounds.stream().allMatch(Measurement::isRight);
    }
}
