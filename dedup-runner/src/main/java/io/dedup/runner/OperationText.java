// SPDX-License-Identifier: Apache-2.0
package io.dedup.runner;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.dedup.store.KeyRecord;
import io.dedup.store.admin.OperationState;
import io.dedup.store.admin.StoredOperation;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/** How operations are shown. Nothing that an application has put into a key or a scope reaches a terminal as a control character. */
final class OperationText {
    private static final ObjectMapper JSON = new ObjectMapper();

    private OperationText() {}

    /** The state as it is written on the command line: {@code in-progress}. */
    static String state(OperationState state) {
        return state.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** An operation in one line, without a time. */
    static String summary(StoredOperation operation) {
        String outcome = operation.state().isOpen() ? "" : ", outcome " + outcome(operation);
        return state(operation.state()) + outcome + ", attempts "
                + operation.record().attempts();
    }

    /** How much of an outcome is kept. */
    static String outcome(StoredOperation operation) {
        return operation.outcomeLength() == 0 ? "none" : operation.outcomeLength() + " bytes";
    }

    /** The lease of an operation that is claimed. */
    static String lease(StoredOperation operation) {
        if (operation.record().state() != KeyRecord.State.CLAIMED) {
            return "-";
        }
        Duration left = operation.leaseLeft();
        return left.isNegative() ? "over for " + duration(left.negated()) : duration(left) + " left";
    }

    /** A duration in its two largest units: {@code 2h10m}. */
    static String duration(Duration duration) {
        long seconds = duration.toSeconds();
        if (seconds < 60) {
            return seconds + "s";
        } else if (seconds < 3600) {
            return duration.toMinutes() + "m" + duration.toSecondsPart() + "s";
        } else if (duration.toDays() == 0) {
            return duration.toHours() + "h" + duration.toMinutesPart() + "m";
        }
        return duration.toDays() + "d" + duration.toHoursPart() + "h";
    }

    /** Text that may hold anything, fit for a terminal. */
    static String printable(String text) {
        StringBuilder printable = new StringBuilder();
        text.codePoints().forEach(point -> printable.appendCodePoint(Character.isISOControl(point) ? '?' : point));
        return printable.toString();
    }

    /** The key within its scope, as a person reads it. */
    static String name(StoredOperation operation) {
        return printable(operation.key().toString());
    }

    /** The fields of an operation, for programs. */
    static Map<String, Object> fields(StoredOperation operation) {
        Map<String, Object> fields = new LinkedHashMap<>();
        KeyRecord record = operation.record();
        fields.put("scope", operation.key().scope());
        fields.put("source", operation.key().key().source());
        fields.put("key", operation.key().key().text());
        fields.put("state", state(operation.state()));
        fields.put("attempts", record.attempts());
        fields.put("priorRun", record.priorRun().name().toLowerCase(Locale.ROOT));
        fields.put("firstAttemptAt", operation.firstAttemptAt().toString());
        fields.put("ageMs", operation.age().toMillis());
        if (record.state() == KeyRecord.State.CLAIMED) {
            fields.put("leaseLeftMs", operation.leaseLeft().toMillis());
        }
        fields.put("expiresAt", operation.expiresAt().toString());
        fields.put("outcomeBytes", operation.outcomeLength());
        fields.put("token", operation.token());
        return fields;
    }

    /** Those fields on one line. */
    static String json(Map<String, Object> fields) {
        try {
            return JSON.writeValueAsString(fields);
        } catch (JsonProcessingException impossible) {
            throw new IllegalStateException("text and numbers are JSON", impossible);
        }
    }
}
