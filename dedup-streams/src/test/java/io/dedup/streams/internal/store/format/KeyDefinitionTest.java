// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.store.format;

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

    @ParameterizedTest
    @CsvSource({
        "'header:id,record-key', a key that is not there was looked for in one more place",
        "'header:id,sha256:/a,/b', in the same way"
    })
    void changesSince_sourcesAddedBehindThoseOfBefore_isNothing(String key, String why) {
        assertThat(new KeyDefinition(key, "topic", "none").changesSince(BEFORE))
                .as(why)
                .isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "'record-key,header:id', what was remembered then is not found",
        "header:other, what was remembered then is not found",
        "header:tenant + header:id, what was remembered then is not found",
        "header:id|trim|uuid, a key that the normalisers of today spell otherwise"
    })
    void changesSince_sourceOrSpelling_saysWhatIsNotFound(String key, String notFound) {
        assertThat(new KeyDefinition(key, "topic", "none").changesSince(BEFORE))
                .singleElement()
                .satisfies(change -> assertThat(change.message()).contains(notFound));
    }

    @Test
    void changesSince_sourceTakenAway_isNamed() {
        assertThat(BEFORE.changesSince(new KeyDefinition("header:id,record-key", "topic", "none")))
                .singleElement()
                .satisfies(change -> assertThat(change.key()).isEqualTo("dedup.key"));
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
