// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import io.dedup.testing.TestNames;
import java.time.Instant;

/** The walls inside and around this module. */
@AnalyzeClasses(packages = "io.dedup.streams", importOptions = DoNotIncludeTests.class)
class ArchitectureTest {
    @ArchTest
    static final ArchRule DIRECTION_IS_DOWN_TO_CORE = noClasses()
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("io.dedup.demo..", "io.dedup.bench..", "io.dedup.embedded..", "kafka..");

    @ArchTest
    static final ArchRule STORES_KNOW_NO_OPERATOR = noClasses()
            .that()
            .resideInAPackage("io.dedup.streams.store..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("io.dedup.streams");

    @ArchTest
    static final ArchRule INTERNALS_OF_KAFKA_IN_ONE_PLACE = noClasses()
            .that()
            .doNotHaveSimpleName("GraphSplice")
            .and()
            .doNotHaveSimpleName("BeforeCommit")
            .and()
            .doNotHaveSimpleName("BucketedStore")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("org.apache.kafka.streams..internals..")
            .because("what Kafka may change without notice is used in one class for each purpose");

    @ArchTest
    static final ArchRule NO_DATABASES =
            noClasses().should().dependOnClassesThat().resideInAnyPackage("java.sql..");

    @ArchTest
    static final ArchRule NO_HIDDEN_CLOCK = noClasses()
            .should()
            .callMethod(System.class, "currentTimeMillis")
            .orShould()
            .callMethod(Instant.class, "now")
            .because("every clock is a parameter, or Kafka's");

    @ArchTest
    static void testClasses_names_sayWhenTheyAreRun(JavaClasses main) {
        TestNames.check("io.dedup.streams");
    }
}
