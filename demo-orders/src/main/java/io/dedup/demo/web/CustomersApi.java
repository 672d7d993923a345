// SPDX-License-Identifier: Apache-2.0
package io.dedup.demo.web;

import com.fasterxml.jackson.databind.JsonNode;
import io.javalin.config.RoutesConfig;
import io.javalin.http.Context;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;

/**
 * Sets the e-mail address of a customer: twice is the same as once, so no key is needed. Held in memory.
 *
 * <p>Thread-safe.
 */
final class CustomersApi {
    private static final Pattern ADDRESS = Pattern.compile("[^@\\s]{1,64}@[^@\\s]{1,190}");
    private static final int MAX_CUSTOMERS = 10_000;

    private final Map<String, String> addresses = new ConcurrentHashMap<>();

    void addTo(RoutesConfig routes) {
        routes.put("/customers/{id}/email", this::set);
        WebServer.read(routes, "/customers/{id}", this::get);
    }

    private void set(Context context) {
        String id = context.pathParam("id");
        JsonNode address = JsonBody.read(context, Set.of("email")).path("email");
        if (!OperationRequest.NAME.matcher(id).matches()) {
            Problem.badRequest("The customer must match " + OperationRequest.NAME.pattern())
                    .answer(context);
        } else if (!address.isTextual() || !ADDRESS.matcher(address.textValue()).matches()) {
            Problem.badRequest("email must be an address, as in somebody@example.org")
                    .answer(context);
        } else if (addresses.size() >= MAX_CUSTOMERS && !addresses.containsKey(id)) {
            new Problem(
                            "about:blank",
                            "There is no room",
                            507,
                            "The demo knows " + MAX_CUSTOMERS + " customers at most")
                    .answer(context);
        } else {
            addresses.put(id, address.textValue());
            answer(context, id, address.textValue());
        }
    }

    private void get(Context context) {
        String id = context.pathParam("id");
        String address = addresses.get(id);
        if (address == null) {
            Problem.notFound("Nothing is known of this customer").answer(context);
        } else {
            answer(context, id, address);
        }
    }

    private static void answer(Context context, String id, String address) {
        context.json(Map.of("customerId", id, "email", address));
    }
}
