// SPDX-License-Identifier: Apache-2.0
package io.dedup.demo.web;

import io.dedup.Coordinates;
import io.dedup.KeyResult;
import io.dedup.MissingKey;
import io.dedup.Mode;
import io.dedup.SeenRecord;
import io.dedup.demo.traffic.OperationKey;
import io.dedup.demo.traffic.Topics;
import io.dedup.streams.KeyStatus;
import io.javalin.config.RoutesConfig;
import io.javalin.http.Context;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/** Looks keys up, and switches between enforcing and observing. Thread-safe. */
final class PipelineApi {
    private final Pipeline pipeline;

    PipelineApi(Pipeline pipeline) {
        this.pipeline = pipeline;
    }

    void addTo(RoutesConfig routes) {
        WebServer.read(routes, "/demo/keys/{operation}/{key}", this::find);
        WebServer.read(routes, "/demo/mode", this::tellMode);
        routes.put("/demo/mode/{mode}", this::switchMode);
    }

    private void find(Context context) {
        String topic = context.pathParam("operation");
        if (!Topics.INPUTS.contains(topic)) {
            Problem.notFound("There are " + String.join(" and ", Topics.INPUTS)).answer(context);
            return;
        }
        KeyResult key = OperationKey.ofHeader(context.pathParam("key"));
        if (key instanceof MissingKey unusable) {
            Problem.badRequest("No record has this key: " + unusable.detail()).answer(context);
            return;
        }
        KeyStatus status = pipeline.ask(topic, key.orElseThrow());
        Map<String, Object> body = new LinkedHashMap<>();
        if (status instanceof KeyStatus.Remembered remembered) {
            SeenRecord first = remembered.first();
            body.put("status", "remembered");
            body.put("firstSeen", Instant.ofEpochMilli(first.timestamp()).toString());
            body.put("rememberedUntil", Instant.ofEpochMilli(first.expiresAt()).toString());
            Coordinates at = first.coordinates();
            if (at != null) {
                body.put("record", at.topic() + "-" + at.partition() + "@" + at.offset());
            }
        } else if (status instanceof KeyStatus.Unknown unknown) {
            body.put("status", "unknown");
            body.put("reason", unknown.reason());
        } else {
            body.put("status", "not-remembered");
        }
        context.json(body);
    }

    private void tellMode(Context context) {
        context.json(Map.of("mode", pipeline.mode().name().toLowerCase(Locale.ROOT), "ready", pipeline.isReady()));
    }

    private void switchMode(Context context) {
        String wanted = context.pathParam("mode");
        if (!wanted.equals("enforce") && !wanted.equals("observe")) {
            Problem.notFound("There are enforce and observe").answer(context);
            return;
        }
        pipeline.switchTo(Mode.valueOf(wanted.toUpperCase(Locale.ROOT)));
        tellMode(context);
    }
}
