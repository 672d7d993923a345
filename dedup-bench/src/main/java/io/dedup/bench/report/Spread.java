// SPDX-License-Identifier: Apache-2.0
package io.dedup.bench.report;

import java.util.Collection;
import java.util.List;

/**
 * Several measurements of one thing.
 *
 * @param min the least
 * @param median the middle one, or the mean of the middle two
 * @param max the most
 */
public record Spread(double min, double median, double max) {
    /**
     * The spread of these.
     *
     * @throws IllegalArgumentException if there are none
     */
    public static Spread of(Collection<Double> values) {
        if (values.isEmpty()) {
            throw new IllegalArgumentException("Nothing was measured");
        }
        List<Double> sorted = values.stream().sorted().toList();
        int count = sorted.size();
        double median = (sorted.get((count - 1) / 2) + sorted.get(count / 2)) / 2;
        return new Spread(sorted.get(0), median, sorted.get(count - 1));
    }
}
