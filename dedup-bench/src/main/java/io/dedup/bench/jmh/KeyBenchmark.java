// SPDX-License-Identifier: Apache-2.0
package io.dedup.bench.jmh;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.dedup.KeyResult;
import io.dedup.MissingKey;
import io.dedup.key.KeyExtractor;
import io.dedup.key.KeyExtractors;
import io.dedup.key.KeyRules;
import io.dedup.key.RecordView;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Finding the idempotency key of a record with four other headers, in each way that {@code dedup.key} has, beside reading the header
 * alone.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@State(Scope.Thread)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class KeyBenchmark {
    private static final String HEADER = "idempotency-key";

    /** As in {@code dedup.key}. {@code pattern} stands for a header with {@code dedup.key.pattern}. */
    @Param({
        "header:idempotency-key",
        "header:idempotency-key|trim|lower",
        "header:idempotency-key|uuid",
        "header-ignore-case:Idempotency-Key",
        "header:tenant + header:idempotency-key",
        "pattern",
        "value:/id",
        "sha256:value"
    })
    public String key = "";

    private final RecordHeaders headers = new RecordHeaders();
    private final byte[] recordKey = "customer-17".getBytes(UTF_8);
    private byte[] value = {};
    private @Nullable KeyExtractor extractor;

    /** Makes the record and the extractor. */
    @Setup
    public void open() {
        headers.add("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".getBytes(UTF_8));
        headers.add("content-type", "application/json".getBytes(UTF_8));
        headers.add("tenant", "shop-4".getBytes(UTF_8));
        headers.add("origin", "checkout".getBytes(UTF_8));
        headers.add(HEADER, "8e03978e-40d5-43dd-bc93-6894a57f9324".getBytes(UTF_8));
        value = ("{\"id\":\"8e03978e-40d5-43dd-bc93-6894a57f9324\",\"amount\":1999,\"note\":\"" + "n".repeat(120)
                        + "\"}")
                .getBytes(UTF_8);
        extractor = key.equals("pattern")
                ? KeyExtractors.parse(
                        "header:" + HEADER, KeyRules.standard().withPattern(Pattern.compile("[0-9a-f-]{36}")))
                : KeyExtractors.parse(key);
        if (extract() instanceof MissingKey missing) {
            throw new IllegalStateException("What is measured does not work: " + missing);
        }
    }

    /** The key of the record. */
    @Benchmark
    public KeyResult extract() {
        KeyExtractor opened = extractor;
        if (opened == null) {
            throw new IllegalStateException("not open");
        }
        return opened.extract(RecordView.of(headers, recordKey, value));
    }

    /** The bytes of the header alone, which is the least that any deduplication reads. */
    @Benchmark
    public byte[] headerAlone() {
        return headers.lastHeader(HEADER).value();
    }
}
