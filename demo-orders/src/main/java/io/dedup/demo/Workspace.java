// SPDX-License-Identifier: Apache-2.0
package io.dedup.demo;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.kafka.common.utils.Utils;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A temporary directory for the state and the ledger of one run, gone afterwards. */
final class Workspace implements AutoCloseable {
    private static final Logger LOGGER = LoggerFactory.getLogger(Workspace.class);

    private final Path directory;

    private Workspace(Path directory) {
        this.directory = directory;
    }

    static Workspace create() {
        try {
            return new Workspace(Files.createTempDirectory("dedup-demo-"));
        } catch (IOException unwritable) {
            throw new DemoFailedException("There is no temporary directory to work in", unwritable);
        }
    }

    Path directory() {
        return directory;
    }

    @Override
    public void close() {
        try {
            Utils.delete(directory.toFile());
        } catch (IOException left) {
            LOGGER.warn("Could not delete {}", directory, left);
        }
    }
}
