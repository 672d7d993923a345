// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.operator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatNoException;

import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ChangelogCheckTest {
    private final ChangelogCheck check = new ChangelogCheck("app-dedup-seen-changelog", 1_000, 1_500, Map.of());

    @ParameterizedTest
    @CsvSource(
            nullValues = "none",
            value = {
                "1000, delete,         -1,   none",
                "999,  delete,         -1,   retention.ms=1500",
                "-1,   delete,         -1,   none",
                "-1,   compact,        -1,   cleanup.policy=delete",
                "-1,   'compact,delete', -1, cleanup.policy=delete",
                "1000, delete,         10,   retention.bytes=-1",
                "1,    compact,        1,    'retention.ms=1500,retention.bytes=-1,cleanup.policy=delete'"
            })
    void alterations_whatKeepsTooLittle_isSet(String ms, String policy, String bytes, String expected) {
        assertThat(check.alterations(config(ms, policy, bytes)))
                .extracting(one ->
                        one.configEntry().name() + "=" + one.configEntry().value())
                .isEqualTo(expected == null ? List.of() : List.of(expected.split(",", -1)));
    }

    @Test
    void alterations_whatTheApplicationAsks_isLeftAlone() {
        ChangelogCheck asked =
                new ChangelogCheck("changelog", 1_000, 1_500, Map.of("retention.bytes", "10", "retention.ms", "1200"));
        assertThat(asked.alterations(config("1", "delete", "10")))
                .extracting(one ->
                        one.configEntry().name() + "=" + one.configEntry().value())
                .containsExactly("retention.ms=1200");
    }

    @Test
    void refused_topicIsCompacted_stopsTheApplicationWithWhatToDo() {
        check.refused(check.alterations(config("-1", "compact", "-1")).get(0), denied());
        assertThatExceptionOfType(UnusableChangelogError.class)
                .isThrownBy(check::throwIfUnusable)
                .withMessageContaining("--entity-name app-dedup-seen-changelog --add-config cleanup.policy=delete")
                .withMessageContaining("not yours");
    }

    @Test
    void refused_topicKeepsLessThanIsAsked_goesOn() {
        List<AlterConfigOp> alterations = check.alterations(config("10", "delete", "-1"));
        check.refused(alterations.get(0), denied());
        assertThat(alterations).hasSize(1);
        assertThatNoException().isThrownBy(check::throwIfUnusable);
    }

    private static ExecutionException denied() {
        return new ExecutionException(new TopicAuthorizationException("not yours"));
    }

    private static Config config(String ms, String policy, String bytes) {
        return new Config(Stream.of("retention.ms=" + ms, "cleanup.policy=" + policy, "retention.bytes=" + bytes)
                .map(entry -> new ConfigEntry(
                        entry.substring(0, entry.indexOf('=')), entry.substring(entry.indexOf('=') + 1)))
                .toList());
    }
}
