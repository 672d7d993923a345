// SPDX-License-Identifier: Apache-2.0
package io.dedup.runner;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.dedup.Coordinates;
import io.dedup.Fingerprint;
import io.dedup.IdempotencyKey;
import io.dedup.Sighting;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class KeysOnDiskTest {
    @Test
    void addFirstAndCopies_severalKeys_areKnownByTheirSourceToo() {
        Sighting plain = new Sighting(1000, 2000, new Coordinates("t", 3, 42), null);
        Sighting compared = new Sighting(5000, 6000, new Coordinates("t", 0, 7), Fingerprint.of("value", new byte[32]));
        try (KeysOnDisk keys = new KeysOnDisk("t")) {
            keys.addFirst(key("header:id", "a"), plain);
            assertThat(keys.addCopy(key("header:id", "a"))).isEqualTo(new KeysOnDisk.Tally(2, 1));
            keys.addFirst(key("header:id", "a"), compared);
            assertThat(keys.addCopy(key("header:id", "a"))).isEqualTo(new KeysOnDisk.Tally(4, 2));
            keys.addFirst(key("value:/id", "a"), compared);
            assertThat(keys.of(key("header:id", "a"))).isEqualTo(new KeysOnDisk.Known(2, List.of(plain, compared)));
            assertThat(keys.of(key("value:/id", "a"))).isEqualTo(new KeysOnDisk.Known(0, List.of(compared)));
            assertThat(keys.of(key("header:id", "b"))).isEqualTo(new KeysOnDisk.Known(0, List.of()));
        }
    }

    @Test
    void close_filesWereWritten_leavesNothingBehind() throws IOException {
        List<Path> before = directories();
        try (KeysOnDisk keys = new KeysOnDisk("t")) {
            keys.addFirst(key("header:id", "a"), new Sighting(1, 2, new Coordinates("t", 0, 0), null));
            assertThat(directories()).hasSize(before.size() + 1);
        }
        assertThat(directories()).containsExactlyInAnyOrderElementsOf(before);
    }

    private static List<Path> directories() throws IOException {
        try (Stream<Path> all = Files.list(Path.of(System.getProperty("java.io.tmpdir")))) {
            return all.filter(path -> path.getFileName().toString().startsWith("dedup-verify"))
                    .toList();
        }
    }

    private static IdempotencyKey key(String source, String text) {
        return IdempotencyKey.of(source, text.getBytes(UTF_8));
    }
}
