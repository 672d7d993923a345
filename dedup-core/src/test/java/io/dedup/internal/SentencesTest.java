// SPDX-License-Identifier: Apache-2.0
package io.dedup.internal;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SentencesTest {
    @ParameterizedTest
    @CsvSource({
        "It is wrong, It is wrong.",
        "It is wrong., It is wrong.",
        "It is wrong.., It is wrong.",
        "Did you mean that?, Did you mean that?",
        "Did you mean that?., Did you mean that?",
        "'sha256:/a,/b…', 'sha256:/a,/b…'",
        "'sha256:/a,/b….', 'sha256:/a,/b…'",
        "And so on..., And so on...",
        "It is 'a.b', It is 'a.b'."
    })
    void of_oneSentence_endsWithOneMark(String sentence, String ended) {
        assertThat(Sentences.of(sentence)).isEqualTo(ended);
        assertThat(Sentences.of(sentence, "Correct it")).isEqualTo(ended + " Correct it.");
    }

    @Test
    void of_linesAndBlanks_isOneLine() {
        assertThat(Sentences.of(" Two\r\n  lines.\n", " ", "Three")).isEqualTo("Two lines. Three.");
        assertThat(Sentences.of()).isEmpty();
    }
}
