// SPDX-License-Identifier: Apache-2.0
package io.dedup.demo.web;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.dedup.Fingerprint;
import io.dedup.IdempotencyKey;
import io.dedup.KeyResult;
import io.dedup.MissingKey;
import io.dedup.demo.traffic.Operation;
import io.dedup.demo.traffic.OperationKey;
import io.dedup.demo.traffic.Topics;
import io.dedup.handler.Call;
import io.dedup.handler.Execution;
import io.dedup.handler.HandlerBuilder;
import io.dedup.handler.IdempotentHandler;
import io.dedup.handler.LeaseLostException;
import io.dedup.handler.OnFailure;
import io.dedup.handler.Outcome;
import io.dedup.handler.Reconciler;
import io.dedup.handler.StoreUnavailableException;
import io.dedup.store.IdempotencyStore;
import io.javalin.config.RoutesConfig;
import io.javalin.http.Context;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Places orders and takes payments, each once for a key.
 *
 * <p>A key belongs to its caller and to the operation. It travels on in the header of the record: a request that is sent again
 * and a record that arrives again are caught by the same identity.
 *
 * <p>Thread-safe.
 */
final class OperationsApi {
    /** The caller's name. It stands in for authentication. */
    static final String CALLER = "X-Caller";

    /**
     * Asks for trouble: {@code slow} before the record is sent, {@code unstored} after it is and before its answer is stored,
     * {@code late-answer} after that.
     */
    static final String FAULT = "X-Demo-Fault";

    private static final Duration FAULT_TAKES = Duration.ofSeconds(2);
    /** Long enough for a user to kill the server. */
    private static final Duration UNSTORED_FOR = Duration.ofSeconds(20);

    private static final Logger LOGGER = LoggerFactory.getLogger(OperationsApi.class);
    private static final int ACCEPTED = 202;
    private static final String ANYBODY = "anybody";
    private static final String REQUEST_DEFINITION = "demo-request/1";
    private static final JsonMapper MAPPER = JsonMapper.builder().build();
    private static final int NUMBER_CHARACTERS = 20;
    /** As long as the brokers are waited for, and a little: a claim of a server that died is free after that. */
    private static final Duration LEASE = Duration.ofSeconds(15);

    private final IdempotentHandler<StoredResponse> handler;
    private final Publisher publisher;
    private final LiveLog log;

    OperationsApi(IdempotentHandler<StoredResponse> handler, Publisher publisher, LiveLog log) {
        this.handler = handler;
        this.publisher = publisher;
        this.log = log;
    }

    /**
     * A handler as these operations need it. What may have been sent is neither released nor left unknown: the same request is
     * done again, under the same key and the same number, and the pipeline drops the second record; another request with its
     * key is a conflict.
     */
    static HandlerBuilder<StoredResponse> handlerOn(IdempotencyStore store) {
        return IdempotentHandler.on(store, "demo-http", StoredResponse.class)
                .withLease(LEASE)
                .withFailure(UnpublishedException.class, OnFailure.unknown())
                .withReconciler(execution -> new Reconciler.NotDone<>());
    }

    void addTo(RoutesConfig routes) {
        routes.post("/orders", context -> take(context, Topics.ORDERS));
        routes.post("/payments", context -> take(context, Topics.PAYMENTS));
        for (String path : new String[] {"/orders", "/payments"}) {
            routes.after(path, this::tell);
        }
    }

    private void tell(Context context) {
        String key = context.header(KeyHeader.NAME);
        String replayed = context.res().getHeader(StoredResponse.REPLAYED);
        log.add(
                "request",
                Map.of(
                        "method", context.method().name(),
                        "path", context.path(),
                        "key", key == null ? "" : key,
                        "status", context.statusCode(),
                        "replayed", replayed != null));
    }

    private void take(Context context, String topic) {
        IdempotencyKey key = key(context);
        OperationRequest requested = requested(context, topic);
        try {
            // The key of the record, so that here and there the same two requests are one operation.
            answer(
                    context,
                    handler.within(topic).tryHandle(Call.of(key).withFingerprint(fingerprint(requested)), execution -> {
                        pauseIf(context, "slow", FAULT_TAKES);
                        StoredResponse answer = publish(requested, OperationKey.header(key), execution);
                        pauseIf(context, "unstored", UNSTORED_FOR);
                        return answer;
                    }));
            pauseIf(context, "late-answer", FAULT_TAKES);
        } catch (UnpublishedException | StoreUnavailableException | LeaseLostException failed) {
            LOGGER.warn("A request to {} may not have been done", topic, failed);
            context.header("Retry-After", "1");
            Problem.unavailable().answer(context);
        }
    }

    private static IdempotencyKey key(Context context) {
        KeyHeader header = KeyHeader.of(headers(context, KeyHeader.NAME));
        if (header instanceof KeyHeader.Malformed malformed) {
            throw new ProblemException(Problem.malformedKey(malformed.why()));
        } else if (!(header instanceof KeyHeader.Key chosen)) {
            throw new ProblemException(Problem.missingKey());
        } else {
            KeyResult read = OperationKey.ofCaller(caller(context), chosen.text());
            if (read instanceof MissingKey unusable) {
                throw new ProblemException(Problem.malformedKey("cannot be used: " + unusable.detail()));
            }
            return read.orElseThrow();
        }
    }

    private static String caller(Context context) {
        List<String> callers = headers(context, CALLER);
        String caller = callers.isEmpty() ? ANYBODY : callers.get(0);
        if (callers.size() > 1) {
            throw new ProblemException(Problem.badRequest(CALLER + " is there " + callers.size() + " times"));
        } else if (!OperationRequest.NAME.matcher(caller).matches()) {
            throw new ProblemException(Problem.badRequest(CALLER + " must match " + OperationRequest.NAME.pattern()));
        }
        return caller;
    }

    private static List<String> headers(Context context, String name) {
        return Collections.list(context.req().getHeaders(name));
    }

    private static OperationRequest requested(Context context, String topic) {
        JsonNode body = JsonBody.read(context, OperationRequest.members(topic));
        try {
            return OperationRequest.read(topic, body);
        } catch (IllegalArgumentException unreadable) {
            throw new ProblemException(Problem.badRequest(String.valueOf(unreadable.getMessage())));
        }
    }

    private StoredResponse publish(OperationRequest requested, String recordKey, Execution<?> execution)
            throws UnpublishedException {
        // The same number and the same time whenever this is run, so that it is the same record.
        Operation operation =
                requested.numbered(execution.downstreamKey("number").substring(0, NUMBER_CHARACTERS));
        publisher.publish(recordKey, operation, execution.firstAttemptAt());
        boolean isOrder = operation.paymentId() == null;
        String location = isOrder ? "/orders/" + operation.orderId() : "/payments/" + operation.paymentId();
        ObjectNode body = MAPPER.valueToTree(operation);
        body.put("status", "accepted");
        return new StoredResponse(ACCEPTED, Map.of("Location", location), body.toString());
    }

    /** Holds the request up at the place that its header names, to show a failure there. */
    private static void pauseIf(Context context, String fault, Duration pause) {
        if (fault.equals(context.header(FAULT))) {
            LockSupport.parkNanos(pause.toNanos());
        }
    }

    private static void answer(Context context, Outcome<StoredResponse> outcome) {
        if (outcome instanceof Outcome.Processed || outcome instanceof Outcome.Replayed) {
            Objects.requireNonNull(outcome.orElseThrow(), "every request has an answer")
                    .answer(context, outcome.isReplayed());
        } else if (outcome instanceof Outcome.InProgress<?> inProgress) {
            context.header("Retry-After", String.valueOf(seconds(inProgress.retryAfter())));
            Problem.inProgress().answer(context);
        } else if (outcome instanceof Outcome.Conflict) {
            Problem.conflict().answer(context);
        } else {
            Problem.unknown().answer(context);
        }
    }

    /** Whole seconds, rounded up, and at least one. */
    private static long seconds(Duration duration) {
        return Math.max(1, (duration.toMillis() + 999) / 1000);
    }

    private static Fingerprint fingerprint(OperationRequest requested) {
        try {
            MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
            return Fingerprint.of(
                    REQUEST_DEFINITION, sha256.digest(requested.canonical().getBytes(UTF_8)));
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException("Every Java platform has SHA-256", impossible);
        }
    }
}
