// SPDX-License-Identifier: Apache-2.0
package io.dedup;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.Dependency;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import java.net.URL;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.junit.jupiter.api.Test;

/**
 * Every class, method and field of Kafka that this module refers to is in the kafka-clients on the class path, but for what is
 * used behind a check. {@code .ci/matrix} runs this with each version that is supported.
 */
class ClientLinkageTest {
    /** Classes that are reached only with clients that have what these refer to. */
    private static final List<String> BEHIND_A_CHECK = List.of(
            "io.dedup.consumer.ClientFeatures",
            "io.dedup.consumer.NextOffsets",
            "io.dedup.consumer.ShareLoop",
            "io.dedup.consumer.MonitoredDedupConsumerInterceptor",
            "io.dedup.producer.MonitoredIdempotencyKeyInterceptor",
            "io.dedup.internal.metrics.InterceptorCounts");

    @Test
    void references_toKafka_areInTheClientsOnTheClassPath() {
        // Given
        URL clients = KafkaConsumer.class.getProtectionDomain().getCodeSource().getLocation();
        JavaClasses kafka = new ClassFileImporter().importUrl(clients);
        JavaClasses all = new ClassFileImporter()
                .withImportOption(new DoNotIncludeTests())
                .importUrls(List.of(
                        clients,
                        IdempotencyKey.class
                                .getProtectionDomain()
                                .getCodeSource()
                                .getLocation()));
        // When
        Set<String> missing = new TreeSet<>();
        all.stream()
                .filter(type -> type.getPackageName().startsWith("io.dedup"))
                .filter(type -> !isBehindACheck(type))
                .forEach(type -> missing.addAll(missing(type, kafka)));
        // Then
        assertThat(kafka).hasSizeGreaterThan(1000);
        assertThat(missing).isEmpty();
    }

    private static boolean isBehindACheck(JavaClass type) {
        return BEHIND_A_CHECK.stream()
                .anyMatch(name -> type.getName().equals(name) || type.getName().startsWith(name + "$"));
    }

    private static List<String> missing(JavaClass type, JavaClasses kafka) {
        Stream<String> types = type.getDirectDependenciesFromSelf().stream()
                .map(Dependency::getTargetClass)
                .map(JavaClass::getBaseComponentType)
                .filter(target -> isKafkas(target) && !kafka.contain(target.getName()))
                .map(target -> type.getName() + " refers to " + target.getName());
        Stream<String> members = type.getAccessesFromSelf().stream()
                .filter(access -> isKafkas(access.getTargetOwner()))
                .filter(access -> access.getTarget().resolveMember().isEmpty())
                .map(JavaAccess::getDescription);
        return Stream.concat(types, members).toList();
    }

    private static boolean isKafkas(JavaClass type) {
        return type.getPackageName().startsWith("org.apache.kafka");
    }
}
