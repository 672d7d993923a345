// SPDX-License-Identifier: Apache-2.0
package io.dedup.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.dedup.Action;
import io.dedup.DedupPolicy;
import io.dedup.IdempotencyKey;
import io.dedup.Mode;
import io.dedup.Partitioning;
import io.dedup.Verdict;
import io.dedup.config.ConfigProblem.Code;
import io.dedup.key.RecordView;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class DedupConfigTest {
    private static final Map<String, String> MINIMAL = Map.of("dedup.dead.letter.topic", "dead");

    @Test
    void of_onlyADeadLetterTopic_hasTheDocumentedDefaults() {
        // When
        DedupConfig config = DedupConfig.of(MINIMAL);
        // Then
        DedupPolicy policy = config.policy();
        assertThat(policy.ttl()).isEqualTo(Duration.ofHours(24));
        assertThat(policy.allowedLateness()).isEqualTo(Duration.ofHours(24));
        assertThat(policy.maxFuture()).isEqualTo(Duration.ofHours(1));
        assertThat(policy.mode()).isEqualTo(Mode.ENFORCE);
        assertThat(Verdict.values())
                .allSatisfy(v -> assertThat(policy.actionFor(v)).isEqualTo(v.defaultAction()));
        assertThat(config.deadLetterTopic()).contains("dead");
        assertThat(config.duplicatesTopic()).isEmpty();
        assertThat(config.ttlHeader()).isEmpty();
        assertThat(config.partitioning()).isEqualTo(Partitioning.AS_IS);
        assertThat(config.store()).isEqualTo("rocksdb");
        assertThat(config.scope()).hasToString("topic");
        assertThat(config.routes()).isEmpty();
        assertThat(config.wrapTopics()).isEmpty();
        assertThat(config.wrapNodes()).isEmpty();
    }

    @Test
    void of_everythingSet_isRead() {
        // When
        DedupConfig config = DedupConfig.of(with(
                "dedup.ttl.ms", "60000",
                "dedup.allowed.lateness.ms", "0",
                "dedup.max.future.ms", "1000",
                "dedup.mode", "observe",
                "dedup.scope", "billing",
                "dedup.on.duplicate", "duplicates-topic",
                "dedup.duplicates.topic", "dups",
                "dedup.on.missing.key", "fail",
                "dedup.on.late", "forward",
                "dedup.routes", "a + c -> b",
                "dedup.wrap.topics", "x,y"));
        DedupConfig more = DedupConfig.of(Map.of(
                "dedup.ttl.header", "ttl",
                "dedup.outcome.max.bytes", "10",
                "dedup.on.no.outcome", "fail",
                "dedup.control.topic", "control",
                "dedup.audit.share", "0.25",
                "dedup.on.invalid.ttl", "drop",
                "dedup.dead.letter.topic", "dead"));
        // Then
        assertThat(config.policy().ttl()).isEqualTo(Duration.ofMinutes(1));
        assertThat(config.policy().allowedLateness()).isEqualTo(Duration.ZERO);
        assertThat(config.policy().mode()).isEqualTo(Mode.OBSERVE);
        assertThat(config.policy().configuredAction(Verdict.DUPLICATE)).isEqualTo(Action.DUPLICATES_TOPIC);
        assertThat(config.policy().configuredAction(Verdict.MISSING_KEY)).isEqualTo(Action.FAIL);
        assertThat(config.policy().configuredAction(Verdict.LATE)).isEqualTo(Action.FORWARD);
        assertThat(config.duplicatesTopic()).contains("dups");
        assertThat(config.routes()).containsExactly(new Route(List.of("a", "c"), "b"));
        assertThat(config.routes().get(0)).hasToString("a+c->b");
        assertThat(config.wrapTopics()).containsExactly("x", "y");
        assertThat(more.ttlHeader()).contains("ttl");
        assertThat(more.outcomeMaxBytes()).isEqualTo(10);
        assertThat(more.onNoOutcome()).isEqualTo(Action.FAIL);
        assertThat(more.controlTopic()).contains("control");
        assertThat(more.auditShare()).isEqualTo(0.25);
        assertThat(more.policy().configuredAction(Verdict.INVALID_TTL)).isEqualTo(Action.DROP);
    }

    @Test
    void of_kafkasOwnDeadLetterTopic_counts() {
        // When
        DedupConfig config = DedupConfig.of(Map.of("errors.dead.letter.queue.topic.name", "kafkas"));
        // Then
        assertThat(config.deadLetterTopic()).contains("kafkas");
    }

    @Test
    void of_allowedLatenessNotSet_followsTheTtl() {
        // When
        DedupConfig config = DedupConfig.of(with("dedup.ttl.ms", "60000"));
        // Then
        assertThat(config.policy().allowedLateness()).isEqualTo(Duration.ofMinutes(1));
    }

    @Test
    void of_listAndBlanks_areReadAsMeant() {
        // When
        DedupConfig config = DedupConfig.of(Map.of(
                "dedup.key",
                List.of("header: id ", "value:/id"),
                "dedup.ttl.ms",
                60_000L,
                "dedup.dead.letter.topic",
                " dead "));
        // Then
        RecordHeaders headers = new RecordHeaders();
        headers.add("id", new byte[] {7});
        assertThat(config.keyExtractor().extract(RecordView.of(headers, null, null)))
                .isEqualTo(IdempotencyKey.of("header:id", new byte[] {7}));
        assertThat(config.policy().ttl()).isEqualTo(Duration.ofMinutes(1));
        assertThat(config.deadLetterTopic()).contains("dead");
    }

    @Test
    void of_keysThatAreNotOurs_areLeftAlone() {
        // When
        List<ConfigProblem> problems = DedupConfig.check(with("application.id", "x", "dedup", "y", "dedupe.ttl", "z"));
        // Then
        assertThat(problems).isEmpty();
    }

    static Stream<Arguments> mistakes() {
        return Stream.of(
                arguments("dedup.tll.ms", "1", Code.UNKNOWN_KEY, "dedup.tll.ms", "Did you mean dedup.ttl.ms?"),
                arguments("dedup.xyzzy", "1", Code.UNKNOWN_KEY, "dedup.xyzzy", "docs/configuration.md"),
                arguments("dedup.ttl.ms", "24h", Code.INVALID_VALUE, "dedup.ttl.ms", "[1,...,315360000000]"),
                arguments("dedup.ttl.header", " ", Code.INVALID_VALUE, "dedup.ttl.header", "header's name"),
                arguments("dedup.audit.share", "1.5", Code.INVALID_VALUE, "dedup.audit.share", "[0,...,1]"),
                arguments("dedup.on.no.outcome", "drop", Code.INVALID_VALUE, "dedup.on.no.outcome", "dead-letter"),
                arguments("dedup.ttl.ms", "0", Code.INVALID_VALUE, "dedup.ttl.ms", "[1,...,315360000000]"),
                arguments("dedup.allowed.lateness.ms", "-1", Code.INVALID_VALUE, "dedup.allowed.lateness.ms", "[0"),
                arguments("dedup.mode", "enforced", Code.INVALID_VALUE, "dedup.mode", "[enforce, observe, off]"),
                arguments("dedup.key", "headr:id", Code.INVALID_VALUE, "dedup.key", "header:NAME"),
                arguments("dedup.scope", "Topic", Code.INVALID_VALUE, "dedup.scope", "small letters"),
                arguments(
                        "dedup.scope", "headers:tenant", Code.INVALID_VALUE, "dedup.scope", "allowed are topic, none"),
                arguments("dedup.scope", "Header:tenant", Code.INVALID_VALUE, "dedup.scope", "header:NAME"),
                arguments("dedup.scope", "record-key", Code.INVALID_VALUE, "dedup.scope", "one name for all records"),
                arguments("dedup.scope", "sha256:/tenant", Code.INVALID_VALUE, "dedup.scope", "is not a scope"),
                arguments("dedup.scope", "tenant|lower", Code.INVALID_VALUE, "dedup.scope", "is not a scope"),
                arguments("dedup.dead.letter.topic", "", Code.INVALID_VALUE, "dedup.dead.letter.topic", "topic name"),
                arguments("dedup.dead.letter.topic", "no good!", Code.INVALID_VALUE, "dedup.dead.letter.topic", "249"),
                arguments("dedup.duplicates.topic", "..", Code.INVALID_VALUE, "dedup.duplicates.topic", "topic name"),
                arguments("dedup.key", "", Code.INVALID_VALUE, "dedup.key", "header:NAME"),
                arguments("dedup.fingerprint", "sha", Code.INVALID_VALUE, "dedup.fingerprint", "value:/POINTER"),
                arguments("dedup.on.duplicate", "fail", Code.INVALID_VALUE, "dedup.on.duplicate", "duplicates-topic"),
                arguments("dedup.on.late", "ignore", Code.INVALID_VALUE, "dedup.on.late", "dead-letter"),
                arguments("dedup.key.max.bytes", "0", Code.INVALID_VALUE, "dedup.key.max.bytes", "[1,...,65535]"),
                arguments("dedup.store", "disk", Code.INVALID_VALUE, "dedup.store", "[rocksdb, memory]"),
                arguments("dedup.routes", "a=b", Code.INVALID_VALUE, "dedup.routes", "SOURCE->TARGET"),
                arguments("dedup.routes", "a->b,a->c", Code.INVALID_VALUE, "dedup.routes", "routed twice"),
                arguments("dedup.routes", "a+->b", Code.INVALID_VALUE, "dedup.routes", "SOURCE+SOURCE->TARGET"),
                arguments("dedup.routes", "a+b->c,b->d", Code.INVALID_VALUE, "dedup.routes", "routed twice"),
                arguments("dedup.routes", "a->c,b->c", Code.BAD_ROUTE, "dedup.routes", "SOURCE+SOURCE->c"),
                arguments("dedup.routes", "a->b,b->c", Code.BAD_ROUTE, "dedup.routes", "target of its own"),
                arguments("dedup.routes", "a->a", Code.BAD_ROUTE, "dedup.routes", "target of its own"),
                arguments("dedup.routes", "a->c,b->c", Code.BAD_ROUTE, "dedup.routes", "target of its own"),
                arguments(
                        "dedup.on.duplicate",
                        "duplicates-topic",
                        Code.NO_DUPLICATES_TOPIC,
                        "dedup.duplicates.topic",
                        "dedup.on.duplicate=drop"),
                arguments(
                        "dedup.duplicates.topic",
                        "dups",
                        Code.UNUSED_TOPIC,
                        "dedup.duplicates.topic",
                        "dedup.on.duplicate=duplicates-topic"));
    }

    @ParameterizedTest
    @MethodSource("mistakes")
    void check_mistake_namesTheKeyAndTheFix(String key, String value, Code code, String blamed, String fix) {
        // When
        List<ConfigProblem> problems = DedupConfig.check(with(key, value));
        // Then
        assertThat(problems).singleElement().satisfies(problem -> {
            assertThat(problem.code()).isEqualTo(code);
            assertThat(problem.key()).isEqualTo(blamed);
            assertThat(problem.toString())
                    .contains(code.toString())
                    .contains(blamed)
                    .contains(fix)
                    .as("each sentence ends with one mark")
                    .containsPattern("[.?!…]$")
                    .doesNotContainPattern("[.?!…]\\.( [A-Z]|$)");
        });
    }

    @Test
    void check_auditWithARepartition_isRefused() {
        assertThat(DedupConfig.check(Map.of(
                        "dedup.partitioning", "by-key",
                        "dedup.audit.share", "0.1",
                        "dedup.dead.letter.topic", "dead")))
                .singleElement()
                .satisfies(problem -> {
                    assertThat(problem.code()).isEqualTo(Code.NOT_AVAILABLE);
                    assertThat(problem.key()).isEqualTo("dedup.audit.share");
                });
    }

    @Test
    void check_noDeadLetterTopic_namesTheVerdictThatNeedsIt() {
        // When
        List<ConfigProblem> problems = DedupConfig.check(Map.of(
                "dedup.on.conflict", "drop",
                "dedup.on.invalid.timestamp", "drop",
                "dedup.on.missing.key", "fail"));
        // Then
        assertThat(problems).singleElement().satisfies(problem -> {
            assertThat(problem.code()).isEqualTo(Code.NO_DEAD_LETTER_TOPIC);
            assertThat(problem.key()).isEqualTo("dedup.dead.letter.topic");
            assertThat(problem.fix()).contains("dedup.on.late");
        });
    }

    @Test
    void check_noDeadLetterTopicButNothingGoesThere_isFine() {
        assertThat(DedupConfig.check(Map.of("dedup.mode", "observe"))).isEmpty();
        assertThat(DedupConfig.check(Map.of(
                        "dedup.on.conflict", "drop",
                        "dedup.on.missing.key", "fail",
                        "dedup.on.invalid.timestamp", "drop",
                        "dedup.on.late", "forward",
                        "dedup.on.future", "drop")))
                .isEmpty();
    }

    @Test
    void of_severalMistakes_reportsAllAtOnce() {
        assertThatThrownBy(() -> DedupConfig.of(with("dedup.tll.ms", "1", "dedup.mode", "on", "dedup.store", "ram")))
                .isInstanceOf(ConfigException.class)
                .isInstanceOfSatisfying(
                        DedupConfigException.class,
                        exception -> assertThat(exception.problems()).hasSize(3))
                .hasMessageContaining("DEDUP-101 dedup.tll.ms=1")
                .hasMessageContaining("DEDUP-102 dedup.mode=on")
                .hasMessageContaining("DEDUP-102 dedup.store=ram");
    }

    private static Map<String, String> with(String... pairs) {
        Map<String, String> properties = new HashMap<>(MINIMAL);
        for (int i = 0; i < pairs.length; i += 2) {
            properties.put(pairs[i], pairs[i + 1]);
        }
        return properties;
    }
}
