// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.store;

import static org.assertj.core.api.Assertions.assertThat;

import io.dedup.config.ConfigProblem;
import io.dedup.config.ConfigProblem.Code;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class KeyDefinitionTest {
    private static final KeyDefinition BEFORE = new KeyDefinition("header:id", "topic", "none");

    @ParameterizedTest
    @CsvSource({
        "header:id|trim, topic, none, dedup.key, It was header:id when",
        "header:id, none, none, dedup.scope, It was topic when",
        "header:id, topic, value, dedup.fingerprint, It was none when"
    })
    void changesSince_oneOfThemDiffers_isNamedWithTheOneOfBefore(
            String key, String scope, String fingerprint, String changed, String why) {
        assertThat(new KeyDefinition(key, scope, fingerprint).changesSince(BEFORE))
                .singleElement()
                .satisfies(change -> {
                    assertThat(change.code()).isEqualTo(Code.MEMORY_NOT_USED);
                    assertThat(change.code().isWarning()).isTrue();
                    assertThat(change.key()).isEqualTo(changed);
                    assertThat(change.message()).startsWith(why);
                });
    }

    @Test
    void changesSince_allDiffer_areAllNamed() {
        assertThat(new KeyDefinition("record-key", "none", "value").changesSince(BEFORE))
                .extracting(ConfigProblem::key)
                .containsExactly("dedup.key", "dedup.scope", "dedup.fingerprint");
    }

    @Test
    void changesSince_sameOrUnknown_isNothing() {
        assertThat(BEFORE.changesSince(BEFORE)).isEmpty();
        assertThat(BEFORE.changesSince(KeyDefinition.UNKNOWN)).isEmpty();
        assertThat(KeyDefinition.UNKNOWN.changesSince(BEFORE)).isEmpty();
    }
}
