// SPDX-License-Identifier: Apache-2.0
package io.dedup.demo.traffic;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.dedup.Verdict;
import io.dedup.demo.traffic.Sending.Header;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class InputFileTest {
    private static final long NOW = 1_770_000_000_000L;
    private static final String GOOD = line("\"topic\":\"orders\"", "\"currency\":\"EUR\"");

    @TempDir
    Path directory;

    private static String line(String topic, String currency) {
        return "{" + topic + ",\"key\":\"c-1\",\"timestamp\":5,\"headers\":{\"idempotency-key\":\"a\"},"
                + "\"value\":{\"orderId\":\"1\",\"customerId\":\"c-1\",\"amountCents\":10," + currency + "}}";
    }

    @Test
    void read_goodLines_areTheRecords() throws IOException {
        // Given
        Path file = write(
                GOOD,
                "",
                "{\"topic\":\"payments\",\"headers\":{\"idempotency-key\":[\"a\",\"b\"],\"x\":\"y\"},\"value\":"
                        + "{\"orderId\":\"1\",\"paymentId\":\"p\",\"customerId\":\"c\",\"amountCents\":1,"
                        + "\"currency\":\"USD\",\"note\":1.50}}");
        // When
        List<Sending> sendings = InputFile.read(file, NOW);
        // Then
        assertThat(sendings).hasSize(2);
        assertThat(sendings.get(0))
                .isEqualTo(new Sending(
                        "orders",
                        "c-1",
                        "a",
                        5,
                        List.of(new Header("idempotency-key", "a")),
                        new Operation("1", null, "c-1", 10, "EUR"),
                        "{\"orderId\":\"1\",\"customerId\":\"c-1\",\"amountCents\":10,\"currency\":\"EUR\"}"));
        Sending payment = sendings.get(1);
        assertThat(payment.key()).isNull();
        assertThat(payment.timestamp()).isEqualTo(NOW);
        assertThat(payment.headers()).hasSize(3);
        assertThat(payment.idempotencyKey()).isNull();
        assertThat(payment.operation().paymentId()).isEqualTo("p");
        assertThat(payment.value()).contains("\"note\":1.50");
    }

    static Stream<Arguments> malformed() {
        return Stream.of(
                arguments("oops", "not a JSON object"),
                arguments("[]", "must be a JSON object"),
                arguments(GOOD + GOOD, "not a JSON object"),
                arguments("{\"topic\":\"orders\",\"topic\":\"orders\"}", "not a JSON object"),
                arguments(line("\"topic\":\"refunds\"", "\"currency\":\"EUR\""), "topic must be one of"),
                arguments(line("\"topik\":\"orders\"", "\"currency\":\"EUR\""), "no field 'topik'"),
                arguments(line("\"topic\":\"orders\"", "\"currency\":\"euro\""), "value.currency"),
                arguments(line("\"topic\":\"payments\"", "\"currency\":\"EUR\""), "value.paymentId"),
                arguments(GOOD.replace("\"orderId\"", "\"paymentId\":{},\"orderId\""), "value.paymentId"),
                arguments(GOOD.replace("c-1", "c".repeat(500_000)), "more than 900000 bytes"),
                arguments(GOOD.replace("10", "1.5"), "value.amountCents"),
                arguments(GOOD.replace("10", "\"10\""), "value.amountCents"),
                arguments(GOOD.replace("10", "0"), "value.amountCents"),
                arguments(GOOD.replace("\"orderId\":\"1\",", ""), "value.orderId"),
                arguments(GOOD.replace("\"timestamp\":5", "\"timestamp\":-5"), "timestamp must be"),
                arguments(GOOD.replace("\"timestamp\":5", "\"timestamp\":\"today\""), "timestamp must be"),
                arguments(GOOD.replace("\"key\":\"c-1\"", "\"key\":7"), "key must be"),
                arguments(
                        GOOD.replace("{\"idempotency-key\":\"a\"}", "{\"idempotency-key\":7}"),
                        "headers.idempotency-key"),
                arguments(GOOD.replace("{\"idempotency-key\":\"a\"}", "\"a\""), "headers must be"),
                arguments(GOOD.replaceAll("\"value\":.*", "\"value\":null}"), "value must be an object"));
    }

    @ParameterizedTest
    @MethodSource("malformed")
    void read_malformedLine_isNamedByItsNumberAndReason(String line, String reason) throws IOException {
        // Given
        Path file = write(GOOD, GOOD, line, GOOD);
        // Then
        assertThatThrownBy(() -> InputFile.read(file, NOW))
                .isInstanceOf(MalformedInputFileException.class)
                .hasMessageContaining("line 3: ")
                .hasMessageContaining(reason);
    }

    @Test
    void read_notText_isNamed() throws IOException {
        // Given
        Path file = write(GOOD, GOOD, "{\"x\":\"\u00e4\"}", GOOD);
        Files.write(file, Files.readString(file).getBytes(ISO_8859_1));
        // Then
        assertThatThrownBy(() -> InputFile.read(file, NOW))
                .isInstanceOf(MalformedInputFileException.class)
                .hasMessageContaining("line 3: it is not UTF-8");
    }

    @Test
    void read_byteOrderMarkAndWindowsLineEnds_areSkipped() throws IOException {
        // Given
        Path file = Files.writeString(directory.resolve("in.jsonl"), "\uFEFF" + GOOD + "\r\n\r\n" + GOOD);
        // Then
        assertThat(InputFile.read(file, NOW)).hasSize(2);
    }

    @Test
    void read_shippedSample_tellsEveryStory() throws IOException {
        // When
        List<Sending> sample = InputFile.read(Path.of("sample-traffic.jsonl"), NOW);
        // Then
        Truth truth = Reference.truth(sample, 4, Duration.ofHours(24), Duration.ofHours(1), NOW);
        assertThat(truth.count(Verdict.FIRST)).isEqualTo(7);
        assertThat(truth.count(Verdict.DUPLICATE)).isEqualTo(7);
        assertThat(truth.count(Verdict.CONFLICT)).isEqualTo(1);
        assertThat(truth.count(Verdict.MISSING_KEY)).isEqualTo(3);
        assertThat(truth.count(Verdict.LATE)).isEqualTo(1);
        assertThat(truth.count(Verdict.FUTURE)).isEqualTo(1);
    }

    private Path write(String... lines) throws IOException {
        return Files.write(directory.resolve("in.jsonl"), List.of(lines));
    }
}
