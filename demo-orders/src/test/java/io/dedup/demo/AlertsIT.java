// SPDX-License-Identifier: Apache-2.0
package io.dedup.demo;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Each alert fires when it has to, and none when all is well. Where there is no promtool, nothing is run, and the log says so. */
class AlertsIT {
    private static final Logger LOGGER = LoggerFactory.getLogger(AlertsIT.class);
    private static final Path DOCKER = Path.of("..", "docker");

    @Test
    void rules_asDescribed_fire() throws Exception {
        boolean there = OnPath.find("promtool").isPresent();
        if (!there) {
            LOGGER.warn("NOT RUN: the alerts. There is no promtool on the path; on Debian: apt-get install prometheus");
        }
        assumeTrue(there, "promtool is on the path");
        Process promtool = new ProcessBuilder("promtool", "test", "rules", "alerts.test.yml")
                .directory(DOCKER.toFile())
                .redirectErrorStream(true)
                .start();
        String said = new String(promtool.getInputStream().readAllBytes(), UTF_8);
        assertThat(promtool.waitFor()).as(said).isZero();
        assertThat(said).contains("SUCCESS");
    }
}
