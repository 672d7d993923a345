// SPDX-License-Identifier: Apache-2.0
package io.dedup.demo.web;

import io.dedup.demo.traffic.Operation;
import io.dedup.demo.traffic.OperationKey;
import io.dedup.demo.web.KafkaPublisher.Sent;
import io.javalin.config.RoutesConfig;
import io.javalin.http.Context;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/** Makes records go wrong as they do in production, on request. Thread-safe. */
final class FaultsApi {
    private static final Duration LAST_MINUTES = Duration.ofMinutes(5);
    private static final Duration YEAR = Duration.ofDays(365);

    private final KafkaPublisher publisher;

    FaultsApi(KafkaPublisher publisher) {
        this.publisher = publisher;
    }

    void addTo(RoutesConfig routes) {
        routes.post("/demo/faults/{fault}", this::make);
    }

    private void make(Context context) {
        List<Sent> lately = publisher.since(LAST_MINUTES);
        if (lately.isEmpty()) {
            Problem.notFound("Nothing was sent in the last five minutes: pay first")
                    .answer(context);
            return;
        }
        Sent last = lately.get(lately.size() - 1);
        String fault = context.pathParam("fault");
        List<Sent> wrong = switch (fault) {
            case "redeliver" -> List.of(last);
            case "replay" -> lately;
            case "no-key" -> List.of(new Sent(null, last.operation(), last.timestamp()));
            case "other-amount" -> List.of(new Sent(last.idempotencyKey(), dearer(last.operation()), last.timestamp()));
            case "wrong-clock" ->
                List.of(new Sent(
                        nextYear(String.valueOf(last.idempotencyKey())),
                        last.operation(),
                        last.timestamp() + YEAR.toMillis()));
            default -> List.of();
        };
        if (wrong.isEmpty()) {
            Problem.notFound("There is no fault '" + fault + "'").answer(context);
            return;
        }
        try {
            for (Sent record : wrong) {
                publisher.send(record);
            }
            context.json(Map.of("sent", wrong.size()));
        } catch (UnpublishedException failed) {
            Problem.unavailable().answer(context);
        }
    }

    /** Another key that is no longer than keys may be. */
    private static String nextYear(String key) {
        String suffix = "-next-year";
        return key.substring(0, Math.min(key.length(), OperationKey.MAX_BYTES - suffix.length())) + suffix;
    }

    private static Operation dearer(Operation operation) {
        return new Operation(
                operation.orderId(),
                operation.paymentId(),
                operation.customerId(),
                operation.amountCents() + 100,
                operation.currency());
    }
}
