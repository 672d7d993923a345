// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.operator;

import io.dedup.Action;
import io.dedup.Coordinates;
import io.dedup.config.DedupConfig;
import io.dedup.key.RecordView;
import io.dedup.streams.errors.RefusedRecordException;
import io.dedup.streams.internal.Marks;
import io.dedup.streams.internal.Origin;
import io.dedup.streams.internal.Rejection;
import io.dedup.streams.target.Target;
import io.dedup.streams.target.Unwritable;
import io.dedup.streams.target.WriteLimits;
import java.util.Map;
import org.apache.kafka.common.header.Headers;
import org.jspecify.annotations.Nullable;

/**
 * Refuses records that cannot be written before anything is remembered of them.
 *
 * <p>Confined to the stream thread.
 *
 * @param node the operator
 * @param limits of the application
 * @param action {@link Action#DEAD_LETTER} or {@link Action#FAIL}
 */
public record WriteCheck(String node, WriteLimits limits, Action action) {

    /** The check of an operator; null if it is not known where its records are written. */
    public static @Nullable WriteCheck of(DedupSettings settings, Map<String, ?> configs) {
        Target target = settings.target();
        return target == null
                ? null
                : new WriteCheck(settings.name(), WriteLimits.from(configs), target.onUnwritable());
    }

    /**
     * Checks that a record can be written.
     *
     * @param view its key and value
     * @param headers with which it is to be written
     * @param timestamp likewise
     * @param origin of the record that was read
     * @param now the wall clock in milliseconds since the epoch
     * @throws RefusedRecordException if it cannot
     */
    public void require(String topic, RecordView view, Headers headers, long timestamp, Origin origin, long now) {
        Unwritable problem = limits.problem(topic, view.key(), view.value(), headers, timestamp, now);
        if (problem != null) {
            throw refusal(problem, view, origin);
        }
    }

    private RefusedRecordException refusal(Unwritable problem, RecordView view, Origin origin) {
        Coordinates at = origin.coordinates();
        String place = at == null ? "A record without coordinates" : "The record at " + at;
        String advice = action == Action.FAIL
                ? ". The application stops here, as configured, and commits nothing of it; with "
                        + DedupConfig.ON_UNWRITABLE + "=" + Action.DEAD_LETTER.text() + " it would go on"
                : "";
        Rejection fault = new Rejection(problem.reason(), problem.detail() + ". " + problem.fix());
        return new RefusedRecordException(
                null,
                action,
                Marks.ofUnwritable(node, problem.topic(), fault, origin),
                place + " cannot be written to " + problem.topic() + ": " + fault.reason() + " (" + fault.detail() + ")"
                        + advice,
                view::key,
                view::value);
    }
}
