// SPDX-License-Identifier: Apache-2.0
package io.dedup.demo.traffic;

import java.io.IOException;
import java.nio.file.Path;

/** A line of an input file that cannot be used. Nothing of the file has been sent. */
public final class MalformedInputFileException extends IOException {
    private static final long serialVersionUID = 1L;

    MalformedInputFileException(Path file, int line, String reason) {
        super(file + ", line " + line + ": " + reason);
    }
}
