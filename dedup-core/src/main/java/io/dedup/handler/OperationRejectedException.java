// SPDX-License-Identifier: Apache-2.0
package io.dedup.handler;

/**
 * Thrown when an operation is refused for a reason that would be the same again, such as a declined card. Operations throw it if
 * they have had no effect. The refusal is stored as their outcome, and every later call with the key gets it again.
 *
 * <p>A failure is something else: after it the key is free for a retry, unless {@link OnFailure} says otherwise.
 */
public final class OperationRejectedException extends IdempotencyException {
    private static final long serialVersionUID = 1L;
    /** The longest code and the longest message that are kept, in characters. */
    static final int MAX_LENGTH = 1024;

    private final String code;
    private final boolean replayed;

    /**
     * A refusal.
     *
     * @param code what for, for programs: {@code card_declined}. Not blank; cut after 1024 characters
     * @param message the same for people; cut after 1024 characters
     * @throws IllegalArgumentException if the code is blank
     */
    public OperationRejectedException(String code, String message) {
        this(code, message, false);
        if (code.isBlank()) {
            throw new IllegalArgumentException(
                    "code must not be blank, so that programs can tell refusals apart: '" + code + "'");
        }
    }

    OperationRejectedException(String code, String message, boolean replayed) {
        super(cut(message));
        this.code = cut(code);
        this.replayed = replayed;
    }

    private static String cut(String text) {
        return text.length() <= MAX_LENGTH ? text : text.substring(0, MAX_LENGTH);
    }

    /** What the operation was refused for. */
    public String code() {
        return code;
    }

    /** Whether it was refused in an earlier call. */
    public boolean isReplayed() {
        return replayed;
    }
}
