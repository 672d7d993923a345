// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.store.engine;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.apache.kafka.common.utils.Utils;
import org.apache.kafka.streams.StreamsConfig;

/**
 * The directory where a store may keep files, and what it has to know to trust those that it finds there.
 *
 * @param directory of this store alone, in that of its task; it need not exist
 * @param layout of what the store hands to its engine: files of another one are of no use
 * @param configs of the application
 * @param keepsOffsets whether the store keeps the offset that goes with its files; if not, Kafka Streams does, in a checkpoint
 *     file of the task that is there only while it vouches for the files
 */
public record LocalFiles(Path directory, String layout, Map<String, Object> configs, boolean keepsOffsets) {
    private static final String CHECKPOINT = ".checkpoint";

    /** Whether what is not committed must not be taken for committed. */
    public boolean isExactlyOnce() {
        return StreamsConfig.EXACTLY_ONCE_V2.equals(configs.get(StreamsConfig.PROCESSING_GUARANTEE_CONFIG));
    }

    /** Deletes the files and, where Kafka Streams keeps it, the offset that goes with them, which it reads after this. */
    public void delete() throws IOException {
        if (!keepsOffsets) {
            Files.deleteIfExists(directory.resolveSibling(CHECKPOINT));
        }
        Utils.delete(directory.toFile());
    }
}
