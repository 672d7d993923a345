// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;

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
    static final ArchRule AN_ENGINE_IS_ONE_PACKAGE_BEHIND_ONE_SEAM = layeredArchitecture()
            .consideringOnlyDependenciesInLayers()
            .layer("tables")
            .definedBy("io.dedup.streams.internal.store.table..")
            .layer("seam")
            .definedBy("io.dedup.streams.internal.store.engine..")
            .layer("memory")
            .definedBy("io.dedup.streams.internal.store.memory..")
            .layer("rocksdb")
            .definedBy("io.dedup.streams.internal.store.rocksdb..")
            .layer("stores")
            .definedBy("io.dedup.streams.store..")
            .layer("operator")
            .definedBy("io.dedup.streams")
            .whereLayer("memory")
            .mayOnlyBeAccessedByLayers("stores")
            .whereLayer("rocksdb")
            .mayOnlyBeAccessedByLayers("stores")
            .whereLayer("stores")
            .mayOnlyBeAccessedByLayers("operator")
            .whereLayer("operator")
            .mayNotBeAccessedByAnyLayer();

    @ArchTest
    static final ArchRule INTERNALS_OF_KAFKA_IN_ONE_PLACE = noClasses()
            .that()
            .doNotHaveSimpleName("DslGraph")
            .and()
            .doNotHaveSimpleName("PreCommitHook")
            .and()
            .doNotHaveSimpleName("SegmentedWindowStore")
            .and()
            .doNotHaveSimpleName("Downstream")
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
