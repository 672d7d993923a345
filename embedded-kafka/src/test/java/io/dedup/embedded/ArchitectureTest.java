// SPDX-License-Identifier: Apache-2.0
package io.dedup.embedded;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** The walls around this module. */
@AnalyzeClasses(packages = "io.dedup.embedded")
class ArchitectureTest {
    @ArchTest
    static final ArchRule STANDS_ALONE = noClasses()
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                    "io.dedup", "io.dedup.key..", "io.dedup.config..", "io.dedup.streams..", "io.dedup.demo..");

    @ArchTest
    static final ArchRule TESTS_ARE_RUN = classes()
            .that()
            .containAnyMethodsThat(DescribedPredicate.describe(
                    "are tests",
                    method -> method.isMetaAnnotatedWith("org.junit.platform.commons.annotation.Testable")))
            .should()
            .haveSimpleNameEndingWith("Test")
            .orShould()
            .haveSimpleNameEndingWith("IT")
            .because("a class named otherwise is silently not run");
}
