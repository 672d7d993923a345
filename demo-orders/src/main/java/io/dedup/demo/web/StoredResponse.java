// SPDX-License-Identifier: Apache-2.0
package io.dedup.demo.web;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.dedup.StoredOutcome;
import io.javalin.http.Context;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Map;
import java.util.Objects;

/**
 * An answer that is given again, byte for byte.
 *
 * @param status the HTTP status
 * @param headers those that belong to the outcome, and not to the transfer
 * @param body JSON
 */
record StoredResponse(int status, Map<String, String> headers, String body) {
    private static final JsonMapper MAPPER = JsonMapper.builder().build();
    /** Says that the answer is that of an earlier request. */
    static final String REPLAYED = "Idempotent-Replayed";

    StoredResponse {
        headers = Map.copyOf(headers);
    }

    byte[] toBytes() {
        try {
            return MAPPER.writeValueAsBytes(this);
        } catch (JsonProcessingException impossible) {
            throw new IllegalStateException("Texts and numbers are always JSON", impossible);
        }
    }

    static StoredResponse from(StoredOutcome outcome) {
        try {
            return MAPPER.readValue(
                    Objects.requireNonNull(outcome.bytes(), "every answer is stored"), StoredResponse.class);
        } catch (IOException unreadable) {
            throw new UncheckedIOException("A stored answer cannot be read", unreadable);
        }
    }

    void answer(Context context, boolean replayed) {
        headers.forEach(context::header);
        if (replayed) {
            context.header(REPLAYED, "true");
        }
        context.status(status).contentType("application/json").result(body);
    }
}
