// SPDX-License-Identifier: Apache-2.0
package io.dedup;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.AccessTarget;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import java.net.URL;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.junit.jupiter.api.Test;

/**
 * Every class, method and field of Kafka that this module refers to is in the kafka-clients on the class path, but for what is
 * used behind a check. {@code .ci/matrix} runs this with each version that is supported.
 */
class ClientLinkageTest {
    /** Most of the jar, which nothing refers to: it need not be read. */
    private static final Pattern PROTOCOL =
            Pattern.compile(".*/org/apache/kafka/(common/(message|requests)|shaded)/.*");

    private static final Set<String> MONITORED = Set.of(
            "org.apache.kafka.common.metrics.Monitorable",
            "org.apache.kafka.common.metrics.PluginMetrics",
            "org.apache.kafka.common.metrics.PluginMetrics.addMetric(org.apache.kafka.common.MetricName,"
                    + " org.apache.kafka.common.metrics.MetricValueProvider)",
            "org.apache.kafka.common.metrics.PluginMetrics.metricName(java.lang.String, java.lang.String,"
                    + " java.util.LinkedHashMap)");

    /** What older clients lack, by the only classes that may refer to it. */
    private static final Map<String, Set<String>> BEHIND_A_CHECK = Map.of(
            "io.dedup.consumer.ClientFeatures",
            Set.of(
                    "org.apache.kafka.clients.consumer.ConsumerRecords.nextOffsets()",
                    "org.apache.kafka.clients.consumer.ConsumerRecords.<init>(java.util.Map, java.util.Map)",
                    "org.apache.kafka.clients.consumer.ConsumerRecord.deliveryCount()",
                    "org.apache.kafka.clients.consumer.ConsumerRecord.<init>(java.lang.String, int, long, long,"
                            + " org.apache.kafka.common.record.TimestampType, int, int, java.lang.Object,"
                            + " java.lang.Object, org.apache.kafka.common.header.Headers, java.util.Optional,"
                            + " java.util.Optional)"),
            "io.dedup.consumer.NextOffsets",
            Set.of("org.apache.kafka.clients.consumer.ConsumerRecords.nextOffsets()"),
            "io.dedup.consumer.ShareLoop",
            Set.of(
                    "org.apache.kafka.clients.consumer.ShareConsumer.acquisitionLockTimeoutMs()",
                    "org.apache.kafka.clients.consumer.AcknowledgeType.RENEW"),
            "io.dedup.consumer.MonitoredDedupConsumerInterceptor",
            MONITORED,
            "io.dedup.producer.MonitoredIdempotencyKeyInterceptor",
            MONITORED,
            "io.dedup.internal.metrics.PluginCounts",
            MONITORED);

    @Test
    void references_toKafka_areInTheClientsOnTheClassPath() {
        // Given
        JavaClasses all = new ClassFileImporter()
                .withImportOption(new DoNotIncludeTests())
                .withImportOption(location -> !location.matches(PROTOCOL))
                .importUrls(List.of(jarOf(KafkaConsumer.class), jarOf(IdempotencyKey.class)));
        // When
        Set<String> missing = new TreeSet<>();
        all.stream()
                .filter(type -> type.getPackageName().startsWith("io.dedup"))
                .forEach(type -> missing.addAll(missing(type, all)));
        // Then
        assertThat(all.contain(KafkaConsumer.class)).isTrue();
        assertThat(all.contain(IdempotencyKey.class)).isTrue();
        assertThat(missing).isEmpty();
    }

    private static URL jarOf(Class<?> type) {
        return type.getProtectionDomain().getCodeSource().getLocation();
    }

    private static List<String> missing(JavaClass type, JavaClasses all) {
        Stream<String> types = type.getDirectDependenciesFromSelf().stream()
                .map(dependency -> dependency.getTargetClass().getBaseComponentType())
                .filter(target -> isKafkas(target) && !all.contain(target.getName()))
                .map(JavaClass::getName);
        Stream<String> members = type.getAccessesFromSelf().stream()
                .map(JavaAccess::getTarget)
                .filter(target -> isKafkas(target.getOwner()) && !isOfObject(target))
                .filter(target -> target.resolveMember().isEmpty())
                .map(AccessTarget::getFullName);
        Set<String> expected = BEHIND_A_CHECK.getOrDefault(outermost(type), Set.of());
        return Stream.concat(types, members)
                .filter(reference -> !expected.contains(reference))
                .map(reference -> type.getName() + " refers to " + reference)
                .toList();
    }

    /** From JDK 18 on, javac names the interface that such a method is called on. */
    private static boolean isOfObject(AccessTarget target) {
        return target.getOwner().isInterface()
                && Stream.of(Object.class.getMethods())
                        .anyMatch(method -> method.getName().equals(target.getName()));
    }

    private static String outermost(JavaClass type) {
        return type.getEnclosingClass().map(ClientLinkageTest::outermost).orElse(type.getName());
    }

    private static boolean isKafkas(JavaClass type) {
        return type.getPackageName().startsWith("org.apache.kafka");
    }
}
