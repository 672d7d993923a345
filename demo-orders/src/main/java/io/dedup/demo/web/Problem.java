// SPDX-License-Identifier: Apache-2.0
package io.dedup.demo.web;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyOrder;
import io.javalin.http.Context;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Why a request was not done, as {@code application/problem+json} of RFC 9457.
 *
 * @param type where the kind of problem is explained
 * @param title the kind of problem
 * @param status the HTTP status
 * @param detail what it is about this request, and what to do
 * @param instance which occurrence it is, as the log of the server has it; null if it is not in there
 */
@JsonPropertyOrder({"type", "title", "status", "detail", "instance"})
@JsonInclude(JsonInclude.Include.NON_NULL)
record Problem(
        String type,
        String title,
        int status,
        String detail,
        @Nullable String instance) {
    static final String MEDIA_TYPE = "application/problem+json";

    private static final Logger LOGGER = LoggerFactory.getLogger(Problem.class);

    Problem(String type, String title, int status, String detail) {
        this(type, title, status, detail, null);
    }

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
                "The Idempotency-Key " + why + ". Send one, as in Idempotency-Key: \"8e03978e-40d5\".");
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

    static Problem methodNotAllowed(String method, String allowed) {
        return new Problem(
                "/problems.html#method-not-allowed",
                "The method is not allowed",
                405,
                method + " is not for this path: it takes " + allowed);
    }

    static Problem timeout() {
        return new Problem(
                "/problems.html#timeout", "The request was not sent to its end", 408, "Send the whole request.");
    }

    static Problem unsupported(String detail) {
        return new Problem("/problems.html#unsupported", "The body is not in a form that is read", 415, detail);
    }

    static Problem elsewhere(int status, String detail) {
        return new Problem("/problems.html#elsewhere", "The request is not meant for this server", status, detail);
    }

    /**
     * The server has failed.
     *
     * @param id under which the log has it
     */
    static Problem failed(UUID id) {
        return new Problem(
                "/problems.html#failed",
                "The server has failed",
                500,
                "The log of the server has the reason under " + id
                        + ". It may have been done: send the same request with the same Idempotency-Key again.",
                "urn:uuid:" + id);
    }

    /** A problem that is no more than its status. */
    static Problem ofStatus(int status, String phrase, @Nullable String detail) {
        return new Problem("about:blank", phrase, status, detail == null ? phrase : detail);
    }

    /** Writes to the log what a request has failed of, under the id that is returned. */
    static UUID logged(String request, @Nullable Throwable cause) {
        UUID id = UUID.randomUUID();
        LOGGER.error("{} has failed ({})", request, id, cause);
        return id;
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
                "An earlier request with this Idempotency-Key ended in a way that is not known. It is not done again.");
    }

    void answer(Context context) {
        context.status(status).json(this).contentType(MEDIA_TYPE);
    }
}
