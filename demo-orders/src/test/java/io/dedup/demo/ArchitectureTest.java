// SPDX-License-Identifier: Apache-2.0
package io.dedup.demo;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import io.dedup.demo.traffic.Reference;
import io.dedup.testing.TestNames;

/** The walls inside the demo. */
@AnalyzeClasses(packages = "io.dedup.demo", importOptions = DoNotIncludeTests.class)
class ArchitectureTest {
    @ArchTest
    static final ArchRule DATABASE_IS_THE_LEDGERS = noClasses()
            .that()
            .resideOutsideOfPackages("io.dedup.demo.ledger..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("java.sql.Connection", "com.zaxxer..", "org.h2..");

    @ArchTest
    static final ArchRule TRUTH_SHARES_NO_CODE_WITH_WHAT_IT_CHECKS = noClasses()
            .that()
            .areAssignableTo(Reference.class)
            .should()
            .dependOnClassesThat(DescribedPredicate.describe(
                    "decide or remember",
                    type -> type.getPackageName().startsWith("io.dedup.streams")
                            || type.getFullName().equals("io.dedup.DedupPolicy")));

    @ArchTest
    static final ArchRule TRAFFIC_KNOWS_NO_PIPELINE = noClasses()
            .that()
            .resideInAPackage("io.dedup.demo.traffic..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("io.dedup.streams..", "io.dedup.demo.ledger..", "io.dedup.demo.report..");

    @ArchTest
    static void testClasses_names_sayWhenTheyAreRun(JavaClasses main) {
        TestNames.check("io.dedup.demo");
    }
}
