// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.wrap;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dedup.config.ConfigProblem.Code;
import io.dedup.config.DedupConfigException;
import io.dedup.streams.errors.DedupProcessingExceptionHandler;
import java.util.List;
import java.util.Properties;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.kstream.KStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WrapScopeTest {
    /** Each processor would let the key through once. */
    @ParameterizedTest
    @ValueSource(strings = {"none", "orders"})
    void build_scopeOverProcessorsBehindDifferentTopics_isRefused(String scope) {
        assertThatThrownBy(() -> DedupTopology.build(properties(scope), WrapScopeTest::apart))
                .isInstanceOfSatisfying(
                        DedupConfigException.class,
                        refused -> assertThat(refused.problems())
                                .singleElement()
                                .satisfies(problem -> {
                                    assertThat(problem.code()).isEqualTo(Code.SCOPE_OVER_ROUTES);
                                    assertThat(problem.value()).isEqualTo(scope);
                                    assertThat(problem.message()).contains("[eu, us]");
                                    assertThat(problem.fix()).contains("Merge the streams");
                                }));
    }

    @Test
    void build_scopeOfTheTopic_isFine() {
        assertThat(DedupTopology.build(properties("topic"), WrapScopeTest::apart)
                        .describe()
                        .subtopologies())
                .hasSize(2);
    }

    @Test
    void build_scopeOverMergedTopicsWithSeveralProcessors_isFine() {
        assertThat(DedupTopology.build(properties("none"), WrapScopeTest::merged)
                        .describe()
                        .subtopologies())
                .hasSize(1);
    }

    private static void apart(StreamsBuilder builder) {
        builder.stream("eu").foreach((key, value) -> {});
        builder.stream("us").foreach((key, value) -> {});
    }

    private static void merged(StreamsBuilder builder) {
        KStream<Object, Object> all = builder.stream(List.of("eu", "us"));
        all.foreach((key, value) -> {});
        all.peek((key, value) -> {}).to("out");
    }

    private static Properties properties(String scope) {
        Properties properties = new Properties();
        properties.put(StreamsConfig.APPLICATION_ID_CONFIG, "wrap-scope");
        properties.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, "localhost:1");
        properties.put(
                StreamsConfig.PROCESSING_EXCEPTION_HANDLER_CLASS_CONFIG,
                DedupProcessingExceptionHandler.class.getName());
        properties.put("errors.dead.letter.queue.topic.name", "dead");
        properties.put("dedup.wrap.topics", "eu,us");
        properties.put("dedup.scope", scope);
        return properties;
    }
}
