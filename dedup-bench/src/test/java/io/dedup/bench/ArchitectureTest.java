// SPDX-License-Identifier: Apache-2.0
package io.dedup.bench;

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

/** The walls inside the benchmarks. */
@AnalyzeClasses(packages = "io.dedup.bench", importOptions = DoNotIncludeTests.class)
class ArchitectureTest {
    @ArchTest
    static final ArchRule ONLY_MODES_AND_JMH_KNOW_WHAT_IS_MEASURED = noClasses()
            .that()
            .resideOutsideOfPackages("io.dedup.bench.mode..", "io.dedup.bench.jmh..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("io.dedup.streams..", "io.dedup.handler..", "com.michelin..", "org.apache.camel..");

    @ArchTest
    static final ArchRule LOADS_KNOW_NO_KAFKA = noClasses()
            .that()
            .resideInAPackage("io.dedup.bench.load..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("org.apache.kafka..", "io.dedup.bench.mode..");

    @ArchTest
    static final ArchRule REPORTS_MEASURE_NOTHING = noClasses()
            .that()
            .resideInAPackage("io.dedup.bench.report..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                    "org.apache.kafka..",
                    "io.dedup.bench.mode..",
                    "io.dedup.bench.worker..",
                    "io.dedup.bench.process..");

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
                        .importPackages("io.dedup.bench"));
    }
}
