// SPDX-License-Identifier: Apache-2.0
package io.dedup.config;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** The form {@code source->target,source+source->target} in which routes are written. */
final class Routes {
    private static final String ARROW = "->";

    private Routes() {}

    /**
     * @throws IllegalArgumentException if a route has no arrow or a side is empty, or a source is named twice, or the first is a pattern
     */
    static List<Route> parse(String text) {
        List<Route> routes = new ArrayList<>();
        if (text.isBlank()) {
            return routes;
        }
        Set<String> routed = new HashSet<>();
        for (String route : text.split(",", -1)) {
            String[] sides = route.split(ARROW, -1);
            if (sides.length != 2 || sides[0].isBlank() || sides[1].isBlank()) {
                throw new IllegalArgumentException("'" + route.strip() + "' is not a route; a route is SOURCE->TARGET");
            }
            List<String> sources = new ArrayList<>();
            for (String source : sides[0].split("\\+", -1)) {
                if (source.isBlank()) {
                    throw new IllegalArgumentException("'" + route.strip()
                            + "' is not a route; a route of several sources is SOURCE+SOURCE->TARGET");
                }
                if (sources.isEmpty() && Route.isPattern(source)) {
                    throw new IllegalArgumentException("'" + source.strip()
                            + "' cannot be the first source of a route, which names what is remembered; name a topic first, as"
                            + " in eu.orders+*.orders->orders");
                }
                if (!routed.add(source.strip())) {
                    throw new IllegalArgumentException("the topic '" + source.strip() + "' is routed twice");
                }
                sources.add(source.strip());
            }
            routes.add(new Route(sources, sides[1].strip()));
        }
        return routes;
    }
}
