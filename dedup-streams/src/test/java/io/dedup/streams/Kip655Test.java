// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams;

import static io.dedup.key.KeyExtractors.header;
import static io.dedup.streams.DedupFixture.KEY_HEADER;
import static io.dedup.streams.DedupFixture.NOW;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.dedup.DedupPolicy;
import io.dedup.Scope;
import io.dedup.streams.errors.RefusedRecordException;
import io.dedup.streams.internal.store.SeenStores;
import io.dedup.streams.store.StoreEngine;
import java.io.File;
import java.time.Duration;
import java.util.Map;
import java.util.Properties;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.processor.TaskId;
import org.apache.kafka.streams.processor.api.MockProcessorContext;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.TimestampedWindowStore;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * What Kafka's KIP-655 publishes about its deduplication, row by row, beside what this operator does. The interval is 100 ms.
 *
 * <p>A record is {@code [TOPIC:]ID[/KEY]@TIME[#OFFSET]}, an exclamation mark a restart of the operator; a record without an
 * id is {@code -}, and one with the offset {@code ?} was made by a punctuator. F is forwarded, D dropped, R refused to the
 * dead-letter topic.
 */
class Kip655Test {
    private static final Duration INTERVAL = Duration.ofMillis(100);
    private static final Pattern RECORD = Pattern.compile("(?:(\\w+):)?(-|\\w+)(?:/(\\w+))?@(-?\\d+)(?:#(\\d+|\\?))?");
    private static final Dedup DEDUP = Dedup.by(header(KEY_HEADER)).within(INTERVAL);

    private final MockProcessorContext<String, String> context =
            new MockProcessorContext<>(properties(), new TaskId(0, 0), new File("unused"));

    @BeforeEach
    void makeStore(@TempDir File directory) {
        TimestampedWindowStore<Bytes, byte[]> store = SeenStores.builder(
                        "dedup-seen", StoreEngine.memory(), DedupPolicy.of(INTERVAL), Map.of())
                .withLoggingDisabled()
                .build();
        store.init(context.getStateStoreContext(), store);
        context.addStateStore(store);
        context.setCurrentSystemTimeMs(NOW.toEpochMilli() + 2_000);
    }

    @ParameterizedTest(name = "{0}: {1}")
    @CsvSource({
        "exactly the interval apart,              a@0 a@100,                          F D",
        "one more,                                a@0 a@101,                          F F",
        "older and within,                        a@50 a@30,                          F D",
        "older and exactly the interval apart,    a@200 a@100,                        F D",
        "a duplicate does not prolong,            a@0 a@60 a@110 a@120,               F D F D",
        "late with a live first,                  k@10 x@20 k@9,                      F F D",
        "exactly the interval behind,             x@200 a@100 a@100,                  F F D",
        "same offset after a restart,             a@0#7 ! a@0#7,                      F F",
        "made by a punctuator,                    a@0#? a@1#?,                        F D",
        "another id,                              a@0 b@0,                            F F",
    })
    void published_andTheSameHere(String scenario, String records, String expected) {
        assertThat(run(DEDUP, records)).as(scenario).isEqualTo(expected);
    }

    /** Each of these is explained in docs/design-decisions.md. */
    @ParameterizedTest(name = "{0}: {1}, there {2}")
    @CsvSource({
        "late and not remembered,                 x@1000 a@0 a@0,           F F F,        F R R",
        "older by more than the interval,         a@200 a@99,               F F,          F R",
        "a first is remembered for stragglers,    a@0 a@100 a@-100 a@101 a@0 a@0, F D D F F F, F D D F D D",
        "the time of the record counts,           a@0 x@101 a@50,           F F F,        F F D",
        "no id,                                   -@0 -@0,                  F F,          R R",
        "from the future,                         x@31536000000 a@0 a@0,    F F F,        R F D",
        "same id under other record keys,         a/k@0 a/m@0,              F F,          F D",
        "same offset on another topic,            p:a@0#7 q:a@0#7,          F F,          F D",
        "two made of one record,                  a@0#7 a@0#7,              F F,          F D",
    })
    void published_andDifferentHereOnPurpose(String scenario, String records, String there, String expected) {
        assertThat(expected).as("a difference").isNotEqualTo(there);
        assertThat(run(DEDUP.withScope(Scope.none()), records)).as(scenario).isEqualTo(expected);
    }

    private String run(Dedup dedup, String records) {
        StringBuilder results = new StringBuilder();
        Processor<String, String, String, String> operator = start(dedup);
        int offset = 1_000;
        for (String token : records.split(" ", -1)) {
            if (token.equals("!")) {
                operator.close();
                operator = start(dedup);
                continue;
            }
            Matcher matcher = RECORD.matcher(token);
            assertThat(matcher.matches()).as(token).isTrue();
            String topic = matcher.group(1) == null ? "in" : matcher.group(1);
            String at = matcher.group(5) == null ? String.valueOf(offset++) : matcher.group(5);
            boolean punctuated = at.equals("?");
            context.setRecordMetadata(punctuated ? null : topic, 0, punctuated ? -1 : Long.parseLong(at));
            results.append(results.isEmpty() ? "" : " ")
                    .append(decide(operator, matcher.group(2), matcher.group(3), Long.parseLong(matcher.group(4))));
        }
        operator.close();
        return results.toString();
    }

    private Processor<String, String, String, String> start(Dedup dedup) {
        Processor<String, String, String, String> operator =
                dedup.<String, String>supplier().get();
        operator.init(context);
        return operator;
    }

    private String decide(
            Processor<String, String, String, String> operator, String id, @Nullable String key, long time) {
        RecordHeaders headers = new RecordHeaders();
        if (!id.equals("-")) {
            headers.add(KEY_HEADER, id.getBytes(UTF_8));
        }
        int before = context.forwarded().size();
        try {
            operator.process(new Record<>(key == null ? "k" : key, "v", NOW.toEpochMilli() + time, headers));
        } catch (RefusedRecordException refused) {
            return "R";
        }
        return context.forwarded().size() > before ? "F" : "D";
    }

    private static Properties properties() {
        Properties properties = DedupFixture.properties(Map.of());
        properties.put("application.id", "app");
        properties.put("bootstrap.servers", "unused:1");
        properties.put("default.key.serde", Serdes.StringSerde.class);
        properties.put("default.value.serde", Serdes.StringSerde.class);
        return properties;
    }
}
