// SPDX-License-Identifier: Apache-2.0
package io.dedup.demo.web;

import io.dedup.demo.ledger.Ledger;
import io.dedup.runner.PrometheusMetrics;
import io.javalin.config.RoutesConfig;
import io.javalin.http.Context;
import io.javalin.http.HttpStatus;

/** Says whether the pipeline lives and is ready, and what it counts. Thread-safe. */
final class ProbesApi {
    private final Pipeline pipeline;
    private final Ledger ledger;

    ProbesApi(Pipeline pipeline, Ledger ledger) {
        this.pipeline = pipeline;
        this.ledger = ledger;
    }

    void addTo(RoutesConfig routes) {
        WebServer.read(routes, "/health/live", context -> answer(context, pipeline.isAlive()));
        WebServer.read(routes, "/health/ready", context -> answer(context, pipeline.isReady() && ledger.answers()));
        WebServer.read(
                routes,
                "/metrics",
                context -> context.contentType(PrometheusMetrics.CONTENT_TYPE).result(pipeline.metrics()));
    }

    private static void answer(Context context, boolean well) {
        context.status(well ? HttpStatus.OK : HttpStatus.SERVICE_UNAVAILABLE)
                .contentType("text/plain; charset=utf-8")
                .result(well ? "ok" : "not now");
    }
}
