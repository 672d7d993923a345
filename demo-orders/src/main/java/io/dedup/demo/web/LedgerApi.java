// SPDX-License-Identifier: Apache-2.0
package io.dedup.demo.web;

import io.dedup.demo.ledger.Booking;
import io.dedup.demo.ledger.Ledger;
import io.dedup.demo.traffic.Topics;
import io.javalin.config.RoutesConfig;
import io.javalin.http.Context;
import java.sql.SQLException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Answers how often the ledger has an order or a payment. Thread-safe. */
final class LedgerApi {
    private final Ledger ledger;

    LedgerApi(Ledger ledger) {
        this.ledger = ledger;
    }

    void addTo(RoutesConfig routes) {
        WebServer.read(routes, "/orders/{id}", context -> answer(context, Topics.ORDERS));
        WebServer.read(routes, "/payments/{id}", context -> answer(context, Topics.PAYMENTS));
    }

    private void answer(Context context, String topic) throws SQLException {
        List<Booking> bookings = ledger.find(topic, context.pathParam("id"));
        if (bookings.isEmpty()) {
            Problem.notFound("The ledger has no entry of it: not yet, or it was refused, or there is none")
                    .answer(context);
            return;
        }
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("operation", bookings.get(0).operation());
        body.put("status", "booked");
        body.put("timesBooked", bookings.size());
        body.put(
                "records",
                bookings.stream()
                        .map(booking -> booking.at().topic() + "-"
                                + booking.at().partition() + "@" + booking.at().offset())
                        .toList());
        context.json(body);
    }
}
