// SPDX-License-Identifier: Apache-2.0
package io.dedup.bench;

import io.dedup.bench.mode.Mode;
import io.dedup.runner.StreamsApplication;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.kafka.common.utils.AppInfoParser;

/** Says what was measured on and with. */
final class Environment {
    private static final Path PROCESSORS = Path.of("/proc/cpuinfo");
    private static final String MODEL = "model name";

    private Environment() {}

    /** What this machine and these settings are, by name. */
    static Map<String, Object> of(Settings settings, Clock clock) {
        Map<String, Object> environment = new LinkedHashMap<>();
        environment.put("date", clock.instant().toString());
        environment.put("processor", processor());
        environment.put("cores", Runtime.getRuntime().availableProcessors());
        environment.put("system", System.getProperty("os.name") + " " + System.getProperty("os.version"));
        environment.put("java", System.getProperty("java.runtime.version"));
        environment.put("kafka", AppInfoParser.getVersion());
        environment.put("heap", settings.heap());
        environment.put("brokerHeap", settings.brokerHeap());
        environment.put("workerJvm", settings.workerOptions());
        environment.put("modes", settings.modes().stream().map(Mode::name).toList());
        environment.put("rounds", settings.rounds());
        environment.put("cold", settings.cold());
        environment.put("records", settings.measured());
        environment.put("warmUpRecords", settings.warmUp());
        environment.put("slowRecords", settings.slowRecords());
        environment.put("restore", settings.restore());
        environment.put("growth", settings.growth());
        settings.latency().ifPresent(latency -> {
            environment.put(
                    "latencyRate",
                    latency.recordsPerSecond().isPresent()
                            ? latency.recordsPerSecond().getAsDouble()
                            : "half of the peak");
            environment.put("latencyWarmUp", latency.warmUp().toString());
            environment.put("latencyFor", latency.measured().toString());
        });
        environment.put("valueBytes", settings.load().valueBytes());
        environment.put("duplicateRatio", settings.load().duplicateRatio());
        environment.put("duplicateReach", settings.load().reach());
        environment.put("start", settings.load().start().toString());
        environment.put("span", settings.load().span().toString());
        environment.put("ttl", settings.load().ttl().toString());
        environment.put("seed", settings.load().seed());
        environment.put("streamsDefaults", StreamsApplication.defaults());
        environment.put("streamsProperties", settings.streamsProperties());
        return environment;
    }

    private static String processor() {
        if (!Files.isReadable(PROCESSORS)) {
            return System.getProperty("os.arch");
        }
        try (Stream<String> lines = Files.lines(PROCESSORS)) {
            return lines.filter(line -> line.startsWith(MODEL))
                    .map(line -> line.substring(line.indexOf(':') + 1).strip())
                    .findFirst()
                    .orElse(System.getProperty("os.arch"));
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }
}
