// SPDX-License-Identifier: Apache-2.0
package io.dedup.bench;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import io.dedup.testing.TestNames;

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
    static void testClasses_names_sayWhenTheyAreRun(JavaClasses main) {
        TestNames.check("io.dedup.bench");
    }
}
