// SPDX-License-Identifier: Apache-2.0
package io.dedup.demo;

import java.io.File;
import java.util.Optional;
import java.util.stream.Stream;

/** Commands of this machine that some tests need, and not every machine has. */
final class OnPath {
    private OnPath() {}

    /** Where that command is, if it is somewhere on the path. */
    static Optional<File> find(String command) {
        return Stream.of(System.getenv("PATH").split(File.pathSeparator))
                .map(directory -> new File(directory, command))
                .filter(File::canExecute)
                .findFirst();
    }
}
