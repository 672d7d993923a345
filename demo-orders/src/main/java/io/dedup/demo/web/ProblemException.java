// SPDX-License-Identifier: Apache-2.0
package io.dedup.demo.web;

import java.util.Map;

/** Ends a request with a problem. It has no stack trace: it is an answer. */
final class ProblemException extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final transient Problem problem;
    private final transient Map<String, String> headers;

    ProblemException(Problem problem) {
        this(problem, Map.of());
    }

    /**
     * Ends it with headers that say more.
     *
     * @param headers of the answer
     */
    ProblemException(Problem problem, Map<String, String> headers) {
        super(problem.detail(), null, false, false);
        this.problem = problem;
        this.headers = Map.copyOf(headers);
    }

    Problem problem() {
        return problem;
    }

    Map<String, String> headers() {
        return headers;
    }
}
