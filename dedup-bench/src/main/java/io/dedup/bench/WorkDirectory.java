// SPDX-License-Identifier: Apache-2.0
package io.dedup.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.utils.Utils;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A temporary directory for what a call of the command needs. It is deleted when it is closed; and when the JVM is ended before
 * that, after every process that was started has been.
 */
final class WorkDirectory implements AutoCloseable {
    private static final Logger LOGGER = LoggerFactory.getLogger(WorkDirectory.class);
    private static final long END_WITHIN_SECONDS = 20;

    private final Path path;
    private final Thread hook = new Thread(this::endEverything, "work-directory");

    private WorkDirectory(Path path) {
        this.path = path;
    }

    /** Makes one. */
    static WorkDirectory make() throws IOException {
        WorkDirectory made = new WorkDirectory(Files.createTempDirectory("dedup-bench-"));
        Runtime.getRuntime().addShutdownHook(made.hook);
        return made;
    }

    /** Where it is. */
    Path path() {
        return path;
    }

    private void endEverything() {
        List<ProcessHandle> started = ProcessHandle.current().descendants().toList();
        started.forEach(ProcessHandle::destroy);
        CompletableFuture<?>[] ends =
                started.stream().map(ProcessHandle::onExit).toArray(CompletableFuture<?>[]::new);
        CompletableFuture.allOf(ends)
                .completeOnTimeout(null, END_WITHIN_SECONDS, TimeUnit.SECONDS)
                .join();
        try {
            Utils.delete(path.toFile());
        } catch (IOException left) {
            LOGGER.warn("Something is left in {}", path, left);
        }
    }

    @Override
    public void close() {
        try {
            Utils.delete(path.toFile());
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        } catch (IllegalStateException ending) {
            LOGGER.debug("The JVM is ending, and its hook deletes what is left", ending);
        }
    }
}
