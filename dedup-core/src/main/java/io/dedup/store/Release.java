// SPDX-License-Identifier: Apache-2.0
package io.dedup.store;

/** The reason why a claim is given back. */
public enum Release {
    /** The operation has failed, after which nothing has been done. The attempt counts. */
    FAILED(0, false, false),

    /** The operation has failed since it was interrupted: it may have been done in part. The attempt counts. */
    INTERRUPTED(0, true, false),

    /** The application has interrupted the operation: it may have been done in part. The attempt does not count. */
    CANCELLED(1, true, true),

    /** The operation was not begun. The attempt does not count, and nothing is known that was not known before. */
    NOT_ATTEMPTED(1, false, true);

    private final int uncounted;
    private final boolean mayBeDone;
    private final boolean leavesUnknown;

    Release(int uncounted, boolean mayBeDone, boolean leavesUnknown) {
        this.uncounted = uncounted;
        this.mayBeDone = mayBeDone;
        this.leavesUnknown = leavesUnknown;
    }

    /** How many attempts are not to count: 1 or 0. */
    public int uncounted() {
        return uncounted;
    }

    /** Whether the run that ends may have done part of the operation. */
    public boolean mayBeDone() {
        return mayBeDone;
    }

    /** Whether a key whose outcome was unknown when it was claimed is unknown again. */
    public boolean leavesUnknown() {
        return leavesUnknown;
    }
}
