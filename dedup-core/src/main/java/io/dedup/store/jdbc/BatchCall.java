// SPDX-License-Identifier: Apache-2.0
package io.dedup.store.jdbc;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * A call for many keys: part by part together, and what that leaves open one by one, for a bounded time.
 *
 * @param together answers a part, or leaves answers open
 * @param alone answers one
 * @param late the answer to what was not begun in time
 */
record BatchCall<Q, R>(Function<List<Q>, List<Optional<R>>> together, Function<Q, R> alone, Supplier<R> late) {
    /** The answers, in the order of the requests. Nothing is begun after that time. */
    List<R> run(List<Q> requests, Duration within) {
        long began = System.nanoTime();
        List<R> answers = new ArrayList<>(requests.size());
        for (int from = 0; from < requests.size(); from += BatchOperations.MAX_ROWS) {
            List<Q> part = requests.subList(from, Math.min(requests.size(), from + BatchOperations.MAX_ROWS));
            boolean worthIt = part.size() > 1 && System.nanoTime() - began < within.toNanos();
            List<Optional<R>> some =
                    worthIt ? together.apply(part) : Collections.nCopies(part.size(), Optional.empty());
            for (int i = 0; i < part.size(); i++) {
                Optional<R> answer = some.get(i);
                if (answer.isPresent()) {
                    answers.add(answer.get());
                } else {
                    boolean inTime = System.nanoTime() - began < within.toNanos();
                    answers.add(inTime ? alone.apply(part.get(i)) : late.get());
                }
            }
        }
        return answers;
    }
}
