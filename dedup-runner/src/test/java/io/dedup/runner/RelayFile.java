// SPDX-License-Identifier: Apache-2.0
package io.dedup.runner;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** Files of properties for relays. */
final class RelayFile {
    private RelayFile() {}

    /** A file with those lines, of which {@code more} take the place of others for the same property: none may be there twice. */
    static Path write(Path directory, String id, List<String> lines, String... more) throws IOException {
        List<String> set = Stream.of(more)
                .filter(line -> line.contains("="))
                .map(line -> line.substring(0, line.indexOf('=') + 1))
                .toList();
        List<String> all = new ArrayList<>(lines);
        all.removeIf(line -> set.stream().anyMatch(line::startsWith));
        all.addAll(List.of(more));
        return Files.write(Files.createTempFile(directory, id, ".properties"), all);
    }
}
