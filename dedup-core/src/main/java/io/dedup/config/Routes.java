// SPDX-License-Identifier: Apache-2.0
package io.dedup.config;

import java.util.LinkedHashMap;
import java.util.Map;

/** The form {@code source->target,source->target} in which routes are written. */
final class Routes {
    private static final String ARROW = "->";

    private Routes() {}

    /**
     * @throws IllegalArgumentException if a route has no arrow or a side is empty, or a source is named twice
     */
    static Map<String, String> parse(String text) {
        Map<String, String> routes = new LinkedHashMap<>();
        if (text.isBlank()) {
            return routes;
        }
        for (String route : text.split(",", -1)) {
            String[] sides = route.split(ARROW, -1);
            if (sides.length != 2 || sides[0].isBlank() || sides[1].isBlank()) {
                throw new IllegalArgumentException("'" + route.strip() + "' is not a route; a route is SOURCE->TARGET");
            }
            if (routes.put(sides[0].strip(), sides[1].strip()) != null) {
                throw new IllegalArgumentException("the topic '" + sides[0].strip() + "' is routed twice");
            }
        }
        return routes;
    }
}
