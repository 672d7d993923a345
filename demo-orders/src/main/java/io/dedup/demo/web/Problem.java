// SPDX-License-Identifier: Apache-2.0
package io.dedup.demo.web;

import com.fasterxml.jackson.annotation.JsonPropertyOrder;
import io.javalin.http.Context;

/**
 * Why a request was not done, as {@code application/problem+json} of RFC 9457.
 *
 * @param type where the kind of problem is explained
 * @param title the kind of problem
 * @param status the HTTP status
 * @param detail what it is about this request, and what to do
 */
@JsonPropertyOrder({"type", "title", "status", "detail"})
record Problem(String type, String title, int status, String detail) {
    static final String MEDIA_TYPE = "application/problem+json";

    static Problem missingKey() {
        return new Problem(
                "/problems.html#missing-key",
                "Idempotency-Key is missing",
                400,
                "This operation needs an Idempotency-Key: a new one for each operation, and the same for each retry.");
    }

    static Problem malformedKey(String why) {
        return new Problem(
                "/problems.html#malformed-key",
                "Idempotency-Key is malformed",
                400,
                "The Idempotency-Key cannot be used: " + why + ". Send one, as in Idempotency-Key: \"8e03978e-40d5\".");
    }

    static Problem inProgress() {
        return new Problem(
                "/problems.html#in-progress",
                "A request with this Idempotency-Key is still being done",
                409,
                "Send the same request again after the time in Retry-After.");
    }

    static Problem conflict() {
        return new Problem(
                "/problems.html#conflict",
                "Idempotency-Key is already used",
                422,
                "This Idempotency-Key was used for a request with another body. Use a new key for a new operation.");
    }

    static Problem badRequest(String detail) {
        return new Problem("/problems.html#bad-request", "The request cannot be read", 400, detail);
    }

    static Problem notFound(String detail) {
        return new Problem("/problems.html#not-found", "Not found", 404, detail);
    }

    static Problem tooLarge(long most) {
        return new Problem(
                "/problems.html#too-large", "The body is too large", 413, "A body may have " + most + " bytes.");
    }

    static Problem unsupported(String detail) {
        return new Problem("/problems.html#unsupported", "The body is in a form that is not taken", 415, detail);
    }

    static Problem unavailable() {
        return new Problem(
                "/problems.html#unavailable",
                "It may not have been done",
                503,
                "Something behind this server did not answer. Send the same request with the same Idempotency-Key again.");
    }

    static Problem unknown() {
        return new Problem(
                "/problems.html#unknown",
                "It is not known whether it was done",
                500,
                "An earlier request with this Idempotency-Key ended in a way that nobody knows. It is not done again.");
    }

    void answer(Context context) {
        context.status(status).json(this).contentType(MEDIA_TYPE);
    }
}
