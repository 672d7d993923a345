// SPDX-License-Identifier: Apache-2.0
package io.dedup.store;

/**
 * What is known about the runs of an operation before the present claim. It only gets worse until the operation is completed or
 * forgotten: a later attempt that fails and is released does not take back that an earlier one may have had its effect.
 */
public enum PriorRun {
    /** Every run before ended with a failure that was reported, after which nothing had been done. */
    NONE(0),

    /** A run ended without a word: its lease ran out. The operation may have been done in part, or whole. */
    ABANDONED(1),

    /**
     * A run was {@linkplain Completion.Kind#UNKNOWN declared unknown}, and the present claim is to find out. If that claim is
     * abandoned too, the key is unknown again, for whom it was unknown before.
     */
    UNKNOWN(2);

    private final int code;

    PriorRun(int code) {
        this.code = code;
    }

    /** The number that stores write. */
    public int code() {
        return code;
    }

    /**
     * The one with that number.
     *
     * @throws IllegalArgumentException if there is none
     */
    public static PriorRun of(int code) {
        return switch (code) {
            case 0 -> NONE;
            case 1 -> ABANDONED;
            case 2 -> UNKNOWN;
            default -> throw new IllegalArgumentException("code must be 0, 1 or 2: " + code);
        };
    }
}
