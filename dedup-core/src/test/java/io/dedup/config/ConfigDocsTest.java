// SPDX-License-Identifier: Apache-2.0
package io.dedup.config;

import static org.assertj.core.api.Assertions.assertThat;

import io.dedup.internal.Sentences;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class ConfigDocsTest {
    private static final Path PAGE = Path.of("..", "docs", "configuration.md");

    /** Run with {@code -Ddocs.update=true} to write the page anew. */
    @Test
    void markdown_pageInDocs_isUpToDate() throws IOException {
        // Given
        String page = ConfigDocs.markdown();
        if (Boolean.getBoolean("docs.update")) {
            Files.writeString(PAGE, page);
        }
        // Then
        assertThat(PAGE)
                .as("stale; write it anew with: mvn -pl dedup-core -am test -Dtest=ConfigDocsTest"
                        + " -Dsurefire.failIfNoSpecifiedTests=false -Ddocs.update=true")
                .hasContent(page);
    }

    @Test
    void markdown_everyKey_isDocumented() {
        assertThat(DedupConfig.definition().configKeys().values()).allSatisfy(key -> {
            assertThat(key.documentation).as(key.name).isNotBlank();
            assertThat(ConfigDocs.markdown()).contains("### `" + key.name + "`");
        });
    }

    @Test
    void explanation_everyCode_isWholeSentences() {
        assertThat(ConfigProblem.Code.values())
                .allSatisfy(code ->
                        assertThat(code.explanation()).as(code.toString()).isEqualTo(Sentences.of(code.explanation())));
    }

    @Test
    void code_everyOne_hasANumberOfItsOwn() {
        assertThat(ConfigProblem.Code.values()).extracting(Object::toString).doesNotHaveDuplicates();
    }
}
