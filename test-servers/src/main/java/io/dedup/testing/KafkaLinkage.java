// SPDX-License-Identifier: Apache-2.0
package io.dedup.testing;

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

/**
 * Which classes, methods and fields of Kafka a module refers to that the Kafka on the class path does not have.
 *
 * @param behindACheck what an older Kafka lacks, by the only classes that may refer to it
 */
public record KafkaLinkage(Map<String, Set<String>> behindACheck) {
    /** Most of the jar, which no module refers to: it need not be read. */
    private static final Pattern PROTOCOL =
            Pattern.compile(".*/org/apache/kafka/(common/(message|requests)|shaded)/.*");

    /**
     * Reads both.
     *
     * @param ours a class of the module
     * @param kafkas a class of each jar of Kafka that the module refers to
     * @return nothing if everything that is referred to is there
     * @throws IllegalStateException if one of these classes was not read
     */
    public Set<String> missing(Class<?> ours, Class<?>... kafkas) {
        Stream<Class<?>> read = Stream.concat(Stream.of(ours), Stream.of(kafkas));
        JavaClasses all = new ClassFileImporter()
                .withImportOption(new DoNotIncludeTests())
                .withImportOption(location -> !location.matches(PROTOCOL))
                .importUrls(read.map(KafkaLinkage::jarOf).toList());
        Stream.concat(Stream.of(ours), Stream.of(kafkas)).forEach(type -> {
            if (!all.contain(type)) {
                throw new IllegalStateException(type + " was not read");
            }
        });
        Set<String> missing = new TreeSet<>();
        all.stream()
                .filter(type -> type.getPackageName().startsWith("io.dedup"))
                .forEach(type -> missing.addAll(missing(type, all)));
        return missing;
    }

    private static URL jarOf(Class<?> type) {
        return type.getProtectionDomain().getCodeSource().getLocation();
    }

    private List<String> missing(JavaClass type, JavaClasses all) {
        Stream<String> types = type.getDirectDependenciesFromSelf().stream()
                .map(dependency -> dependency.getTargetClass().getBaseComponentType())
                .filter(target -> isKafkas(target) && !all.contain(target.getName()))
                .map(JavaClass::getName);
        Stream<String> members = type.getAccessesFromSelf().stream()
                .map(JavaAccess::getTarget)
                .filter(target -> isKafkas(target.getOwner()) && !isOfObject(target))
                .filter(target -> target.resolveMember().isEmpty())
                .map(AccessTarget::getFullName);
        Set<String> expected = behindACheck.getOrDefault(outermost(type), Set.of());
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
        return type.getEnclosingClass().map(KafkaLinkage::outermost).orElse(type.getName());
    }

    private static boolean isKafkas(JavaClass type) {
        return type.getPackageName().startsWith("org.apache.kafka");
    }
}
