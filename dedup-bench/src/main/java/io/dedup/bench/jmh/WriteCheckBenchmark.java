// SPDX-License-Identifier: Apache-2.0
package io.dedup.bench.jmh;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.dedup.streams.target.TopicLimits;
import io.dedup.streams.target.WriteLimits;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** Checking whether the target of a relay takes a record, which is done for each that is let through, beside a walk over its headers. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@State(Scope.Thread)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class WriteCheckBenchmark {
    private static final String TOPIC = "orders.unique";

    private final WriteLimits limits = WriteLimits.of(
            Map.of("max.request.size", "1048588"),
            Map.of(TOPIC, TopicLimits.of(new HashMap<>(Map.of("max.message.bytes", "1048588")))));
    private final RecordHeaders headers = headers();
    private final byte[] key = "customer-17".getBytes(UTF_8);
    private final byte[] value = "v".repeat(200).getBytes(UTF_8);
    private final long now = 1_766_000_000_000L;

    private static RecordHeaders headers() {
        RecordHeaders headers = new RecordHeaders();
        for (String name : new String[] {"traceparent", "content-type", "tenant", "origin", "idempotency-key"}) {
            headers.add(name, "8e03978e-40d5-43dd-bc93-6894a57f9324".getBytes(UTF_8));
        }
        return headers;
    }

    /** The check. */
    @Benchmark
    public @Nullable Object check() {
        return limits.problem(TOPIC, key, value, headers, now, now);
    }

    /** A walk over the headers, which is the least that the size of a record takes. */
    @Benchmark
    public long headersAlone() {
        long bytes = 0;
        for (Header header : headers) {
            bytes += header.value().length;
        }
        return bytes;
    }
}
