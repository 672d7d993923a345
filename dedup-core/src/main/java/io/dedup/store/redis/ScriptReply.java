// SPDX-License-Identifier: Apache-2.0
package io.dedup.store.redis;

import java.util.List;

/** The reply to a {@link ScriptCall}. */
public sealed interface ScriptReply {
    /** The script was run. */
    record Answered(List<byte[]> values) implements ScriptReply {}

    /**
     * The server has answered with an error.
     *
     * @param error its words, which begin with a code as in {@code NOSCRIPT No matching script}
     * @param cause the exception of the client
     */
    record Refused(String error, Throwable cause) implements ScriptReply {
        /** Whether the server does not know the script, and so has not run it. */
        boolean isForUnknownScript() {
            return error.startsWith("NOSCRIPT");
        }
    }

    /** There was no answer, or replicas have not confirmed it: the script may have been run. */
    record Unanswered(Throwable cause) implements ScriptReply {}
}
