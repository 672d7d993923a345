// SPDX-License-Identifier: Apache-2.0
package io.dedup.demo.web;

import io.javalin.http.Context;
import io.javalin.http.HandlerType;
import java.util.Locale;
import java.util.regex.Pattern;

/**
 * Refuses requests that another site makes the browser of a user send: requests of another origin, and requests to a name of
 * that site's own that is made to lead here (DNS rebinding).
 */
final class SameOriginFilter {
    private static final int FORBIDDEN = 403;
    private static final int MISDIRECTED = 421;
    /** An address, or a name without a dot such as {@code localhost}, which cannot be registered. */
    private static final Pattern NOBODYS = Pattern.compile("\\[[0-9a-f:.]+]|[0-9]+(\\.[0-9]+){3}|[^.:]+");

    private static final Pattern PORT = Pattern.compile(":\\d+$");

    private SameOriginFilter() {}

    /**
     * Passes what comes from this site, or from no browser.
     *
     * @param host the name that this server was given, which may have dots
     * @throws ProblemException if the request comes from elsewhere
     */
    static void require(Context context, String host) {
        String asked = context.header("Host");
        if (asked != null) {
            String name = PORT.matcher(asked.toLowerCase(Locale.ROOT)).replaceFirst("");
            if (!name.equals(host) && !NOBODYS.matcher(name).matches()) {
                throw new ProblemException(Problem.elsewhere(
                        MISDIRECTED, "This server is not called " + name + ": give the name with --host"));
            }
        }
        String origin = context.header("Origin");
        String site = context.header("Sec-Fetch-Site");
        boolean elsewhere = origin != null && asked != null && !origin.endsWith("://" + asked);
        boolean says = site != null && !site.equals("same-origin") && !site.equals("none");
        boolean changes =
                !context.method().equals(HandlerType.GET) && !context.method().equals(HandlerType.HEAD);
        if (changes && (elsewhere || says)) {
            throw new ProblemException(Problem.elsewhere(FORBIDDEN, "Pages of other sites may not send anything here"));
        }
    }
}
