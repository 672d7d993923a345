// SPDX-License-Identifier: Apache-2.0
package io.dedup.runner;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.dedup.Coordinates;
import io.dedup.Fingerprint;
import io.dedup.IdempotencyKey;
import io.dedup.SeenRecord;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KeysOnDiskTest {
    @Test
    void addFirstAndCopies_severalKeys_areKnownByTheirSourceToo() {
        SeenRecord plain = new SeenRecord(1000, 2000, new Coordinates("t", 3, 42), null);
        SeenRecord compared =
                new SeenRecord(5000, 6000, new Coordinates("t", 0, 7), Fingerprint.of("value", new byte[32]));
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
    void close_filesWereWritten_leavesNothingBehind(@TempDir Path parent) {
        try (KeysOnDisk keys = new KeysOnDisk("t", parent)) {
            keys.addFirst(key("header:id", "a"), new SeenRecord(1, 2, new Coordinates("t", 0, 0), null));
            assertThat(parent).isNotEmptyDirectory();
        }
        assertThat(parent).isEmptyDirectory();
    }

    private static IdempotencyKey key(String source, String text) {
        return IdempotencyKey.of(source, text.getBytes(UTF_8));
    }
}
