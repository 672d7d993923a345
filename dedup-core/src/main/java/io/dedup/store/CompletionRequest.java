// SPDX-License-Identifier: Apache-2.0
package io.dedup.store;

import java.time.Duration;

/**
 * A request to record the end of an operation, as one of several.
 *
 * @param timeToLive how long it is kept, from now; positive
 */
public record CompletionRequest(Claim claim, Completion completion, Duration timeToLive) {
    /**
     * A request.
     *
     * @throws IllegalArgumentException if the duration is less than a millisecond, or more than {@link ClaimRequest#MAX_DURATION}
     */
    public CompletionRequest {
        ClaimRequest.millis("timeToLive", timeToLive);
    }
}
