// SPDX-License-Identifier: Apache-2.0
package io.dedup.runner;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.core.importer.ImportOption.OnlyIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** The walls around the runner. */
@AnalyzeClasses(packages = "io.dedup.runner", importOptions = DoNotIncludeTests.class)
class ArchitectureTest {
    @ArchTest
    static final ArchRule NO_INTERNALS_OF_KAFKA = noClasses()
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("org.apache.kafka..internals..", "kafka..", "io.dedup.embedded..");

    @ArchTest
    static void testClasses_named_soThatTheyAreRun(JavaClasses main) {
        classes()
                .that()
                .containAnyMethodsThat(DescribedPredicate.describe(
                        "are tests",
                        method -> method.isMetaAnnotatedWith("org.junit.platform.commons.annotation.Testable")))
                .should()
                .haveSimpleNameEndingWith("Test")
                .orShould()
                .haveSimpleNameEndingWith("IT")
                .because("a class named otherwise is silently not run")
                .check(new ClassFileImporter()
                        .withImportOption(new OnlyIncludeTests())
                        .importPackages("io.dedup.runner"));
    }
}
