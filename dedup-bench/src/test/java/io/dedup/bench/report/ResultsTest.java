// SPDX-License-Identifier: Apache-2.0
package io.dedup.bench.report;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ResultsTest {
    private static final String BASE = "pass-through";

    @TempDir
    private Path directory = Path.of("");

    @Test
    void ratios_sameRound_areOfThatRound() {
        assertThat(Measured.twoRounds().ratios("memory", BASE)).containsExactly(0.5, 0.75);
    }

    @Test
    void throughput_ofAMode_isTheSpreadOfItsRounds() {
        assertThat(Measured.twoRounds().throughput("memory")).isEqualTo(new Spread(50, 70, 90));
    }

    @Test
    void heapBytesPerKey_asManyRecords_isWhatIsLiveBeyondTheOther() {
        assertThat(Measured.twoRounds().heapBytesPerKey("memory", BASE)).hasValue(100);
    }

    @Test
    void write_readBack_isTheSame() throws IOException {
        // Given
        Path file = directory.resolve("results.json");
        Results results = Measured.twoRounds();
        // When
        results.write(file);
        // Then
        assertThat(Results.read(file)).isEqualTo(results);
    }

    @Test
    void write_asJson_hasTheNamesThatAreDocumented() throws IOException {
        // Given
        Path file = directory.resolve("results.json");
        // When
        Measured.twoRounds().write(file);
        // Then
        JsonNode json = new ObjectMapper().readTree(file.toFile());
        assertThat(json.fieldNames())
                .toIterable()
                .containsExactly("environment", "rounds", "latency", "growth", "restore", "failures");
        assertThat(json.at("/environment/cores").asInt()).isEqualTo(2);
        assertThat(json.at("/rounds/1/round").asInt()).isEqualTo(1);
        assertThat(json.at("/rounds/1/mode").asText()).isEqualTo("memory");
        assertThat(json.at("/rounds/1/records").asLong()).isEqualTo(1_000);
        assertThat(json.at("/rounds/1/recordsPerSecond").asDouble()).isEqualTo(50);
        assertThat(json.at("/rounds/1/isRight").asBoolean()).isTrue();
    }

    @Test
    void areRight_oneTooMany_isFalseAndTheTableSaysSo() {
        // Given
        Results results = Measured.twoRounds();
        // When
        results.rounds().add(Measured.run(3, "memory", 70, 801, 800));
        // Then
        assertThat(results.areRight()).isFalse();
        assertThat(ResultText.of(results, BASE)).contains("WRONG: 1 let through too many");
    }

    @Test
    void areRight_rulesOfItsOwn_isTrueAndTheTableSaysHowMany() {
        // Given
        Results results = Results.in(Map.of());
        // When
        results.rounds().add(Measured.run(1, "camel", 1, 795, 800));
        // Then
        assertThat(results.areRight()).isTrue();
        assertThat(ResultText.of(results, "memory")).contains("5 lost").doesNotContain("WRONG");
    }

    @Test
    void areRight_aRunThatFailed_isFalse() {
        // Given
        Results results = Measured.twoRounds();
        // When
        results.failures().add(new Failure("growth", "memory", "out of memory"));
        // Then
        assertThat(results.areRight()).isFalse();
        assertThat(ResultText.of(results, BASE)).contains("FAILED: growth of memory");
    }

    @Test
    void text_ofRounds_hasMediansAndRatiosInTheOrderAskedFor() {
        assertThat(ResultText.of(Measured.twoRounds(), BASE).lines())
                .anySatisfy(line -> assertThat(line)
                        .startsWith("memory")
                        .contains("70", "50 - 90", "62.5 %", "50.0 % - 75.0 %", "right"))
                .anySatisfy(line -> assertThat(line).startsWith("memory").contains("133.5", "13.5"));
    }

    @Test
    void draw_everything_isOneFileForEachQuestion() throws IOException {
        // When
        List<Path> files = new Plots(Measured.twoRounds(), BASE, directory.resolve("plots")).draw();
        // Then
        assertThat(files)
                .extracting(file -> file.getFileName().toString())
                .containsExactly("throughput.svg", "bytes-per-key.svg", "growth.svg", "latency.svg", "restore.svg");
        for (Path file : files) {
            assertThat(Files.readString(file)).contains("<svg").contains("</svg>");
        }
    }
}
