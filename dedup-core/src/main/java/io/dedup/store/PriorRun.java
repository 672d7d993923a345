// SPDX-License-Identifier: Apache-2.0
package io.dedup.store;

/**
 * The knowledge about the runs of an operation before the present claim. It only gets worse until the operation is completed,
 * forgotten or resolved by hand: a later attempt that fails and is released does not take back that an earlier one may have had
 * its effect.
 */
public enum PriorRun {
    /** Every run before ended with a failure that was reported, after which nothing had been done. */
    NONE(0),

    /** A run was interrupted, by its application or since it took too long. It may have been done in part, or whole. */
    INTERRUPTED(1),

    /** A run ended without a word: its lease ran out. It may have been done in part, or whole, and may have killed its process. */
    ABANDONED(2),

    /**
     * A run was {@linkplain Completion.Kind#UNKNOWN declared unknown}, and the present claim is to find out. If that claim is
     * abandoned too, the key is unknown again, for whom it was unknown before.
     */
    UNKNOWN(3);

    private final int code;

    PriorRun(int code) {
        this.code = code;
    }

    /** The worse of the two. */
    public PriorRun worse(PriorRun other) {
        return compareTo(other) >= 0 ? this : other;
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
            case 1 -> INTERRUPTED;
            case 2 -> ABANDONED;
            case 3 -> UNKNOWN;
            default -> throw new IllegalArgumentException("code must be 0 to 3: " + code);
        };
    }
}
