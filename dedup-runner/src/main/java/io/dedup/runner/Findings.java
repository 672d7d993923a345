// SPDX-License-Identifier: Apache-2.0
package io.dedup.runner;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.dedup.streams.metrics.DedupMetrics;
import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/**
 * What a relay has found.
 *
 * @param routes by source topic, the number of records by the metric that counts them, without {@code -total}; those that could not be
 *     written are counted by their verdict too
 */
record Findings(Map<String, Map<String, Long>> routes) {
    void print(PrintWriter out) {
        routes.forEach((source, counts) -> {
            long all = counts.values().stream().mapToLong(Long::longValue).sum()
                    - counts.getOrDefault(DedupMetrics.UNWRITABLE, 0L);
            out.printf(Locale.ROOT, "%s: %,d records%n", source, all);
            counts.forEach((name, count) -> {
                if (count > 0) {
                    out.printf(Locale.ROOT, "  %-14s %,12d%n", name, count);
                }
            });
        });
        out.flush();
    }

    String json() {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("routes", routes);
        try {
            return new ObjectMapper().writerWithDefaultPrettyPrinter().writeValueAsString(object) + "\n";
        } catch (JsonProcessingException impossible) {
            throw new IllegalStateException("names and numbers are JSON", impossible);
        }
    }
}
