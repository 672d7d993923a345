// SPDX-License-Identifier: Apache-2.0
package io.dedup.demo.web;

import io.javalin.http.Context;
import java.util.Map;

/**
 * An answer that is given again, byte for byte.
 *
 * @param status the HTTP status
 * @param headers those that belong to the outcome, and not to the transfer
 * @param body JSON
 */
record StoredResponse(int status, Map<String, String> headers, String body) {
    /** Says that the answer is that of an earlier request. */
    static final String REPLAYED = "Idempotent-Replayed";

    StoredResponse {
        headers = Map.copyOf(headers);
    }

    void answer(Context context, boolean replayed) {
        headers.forEach(context::header);
        if (replayed) {
            context.header(REPLAYED, "true");
        }
        context.status(status).contentType("application/json").result(body);
    }
}
