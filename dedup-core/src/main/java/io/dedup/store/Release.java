// SPDX-License-Identifier: Apache-2.0
package io.dedup.store;

/** Why a claim is given back. */
public enum Release {
    /** The operation has failed. The attempt counts. */
    FAILED,

    /** The operation was not begun, or was cancelled by its own process. The attempt does not count. */
    NOT_ATTEMPTED
}
