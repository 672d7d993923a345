// SPDX-License-Identifier: Apache-2.0
package io.dedup.runner;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import io.dedup.testing.TestNames;

/** The walls around the runner. */
@AnalyzeClasses(packages = "io.dedup.runner", importOptions = DoNotIncludeTests.class)
class ArchitectureTest {
    @ArchTest
    static final ArchRule NO_INTERNALS_OF_KAFKA = noClasses()
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("org.apache.kafka..internals..", "kafka..", "io.dedup.embedded..");

    @ArchTest
    static void testClasses_names_sayWhenTheyAreRun(JavaClasses main) {
        TestNames.check("io.dedup.runner");
    }
}
