// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.dedup.config.DedupConfigException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class StreamsVersionTest {
    private final AtomicBoolean warned = new AtomicBoolean();

    @ParameterizedTest
    @ValueSource(strings = {"3.9.1", "4.0.2", "4.1.2", "4.1.99-SNAPSHOT"})
    void require_older_isRefusedWithTheVersionAndTheFix(String version) {
        assertThatExceptionOfType(DedupConfigException.class)
                .isThrownBy(() -> StreamsVersion.of(version).require(warned))
                .withMessageContaining("DEDUP-114 kafka-streams=" + version)
                .withMessageContaining("Put kafka-streams and kafka-clients 4.2.2 or later on the class path");
        assertThat(warned).isFalse();
    }

    @ParameterizedTest
    @CsvSource({
        "4.2.0, false", "4.2.2, false", "4.3.1, false", "4.4.0, false", "4.4.1-rc0, false",
        "4.3.0, true", "4.5.0, true", "5.0.0, true", "10.1.0, true", "unknown, true"
    })
    void require_supportedOrNewer_isTakenWithOneWarningAtMost(String version, boolean warns) {
        StreamsVersion.of(version).require(warned);
        assertThat(warned.get()).isEqualTo(warns);
    }

    @Test
    void onClassPath_isWhatTheJarSays() {
        assertThat(StreamsVersion.onClassPath().text()).isEqualTo(System.getProperty("dedup.streams.version"));
    }
}
