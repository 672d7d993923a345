// SPDX-License-Identifier: Apache-2.0
package io.dedup.demo.web;

/** Ends a request with a problem. It has no stack trace: it says something about the request. */
final class ProblemException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final transient Problem problem;

    ProblemException(Problem problem) {
        super(problem.detail(), null, false, false);
        this.problem = problem;
    }

    Problem problem() {
        return problem;
    }
}
