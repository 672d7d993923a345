// SPDX-License-Identifier: Apache-2.0
package io.dedup.runner;

/** How a command ends, as {@code --help} lists it. */
final class ExitCode {
    static final int DONE = 0;
    static final int FAILED = 1;
    static final int USAGE = 2;
    static final int CONFIGURATION_INVALID = 3;
    static final int UNREACHABLE = 4;
    static final int FOUND_SOMETHING = 5;
    static final int REFUSED = 6;
    static final int TOPICS_CHANGED = 7;
    static final int NOTHING_KNOWN = 8;

    private ExitCode() {}
}
