// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.belongToAnyOf;
import static com.tngtech.archunit.lang.conditions.ArchPredicates.are;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noFields;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaField;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import io.dedup.streams.internal.Isolation;
import io.dedup.streams.internal.KeyPartitioner;
import io.dedup.streams.internal.SkippedFailures;
import io.dedup.streams.internal.SourcePartitioner;
import io.dedup.streams.internal.StreamsVersion;
import io.dedup.streams.internal.WrappedTopologies;
import io.dedup.streams.internal.operator.ChangelogCheck;
import io.dedup.streams.internal.operator.StartWarnings;
import io.dedup.streams.internal.store.rocksdb.RocksResources;
import io.dedup.streams.internal.store.table.MemoryBudget;
import io.dedup.testing.TestNames;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.ConcurrentMap;

/** The walls inside and around this module. */
@AnalyzeClasses(packages = "io.dedup.streams", importOptions = DoNotIncludeTests.class)
class ArchitectureTest {
    @ArchTest
    static final ArchRule DIRECTION_IS_DOWN_TO_CORE = noClasses()
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("io.dedup.demo..", "io.dedup.bench..", "io.dedup.embedded..", "kafka..");

    /** From the bottom up: each may use those before it only. */
    private static final List<String> ROOMS = List.of(
            "io.dedup.streams.target",
            "io.dedup.streams.metrics",
            "io.dedup.streams.internal",
            "io.dedup.streams.errors",
            "io.dedup.streams.internal.store.table",
            "io.dedup.streams.internal.store.format",
            "io.dedup.streams.internal.store.engine",
            "io.dedup.streams.internal.store.memory",
            "io.dedup.streams.internal.store.rocksdb",
            "io.dedup.streams.internal.store",
            "io.dedup.streams.store",
            "io.dedup.streams.internal.metrics",
            "io.dedup.streams.internal.operator",
            "io.dedup.streams.internal.audit",
            "io.dedup.streams.internal.dsl",
            "io.dedup.streams.internal.changelog",
            "io.dedup.streams",
            "io.dedup.streams.wrap");

    @ArchTest
    static void packages_dependOnThoseBelowThem(JavaClasses main) {
        assertThat(main.stream().map(JavaClass::getPackageName).distinct()).containsExactlyInAnyOrderElementsOf(ROOMS);
        for (int room = 0; room < ROOMS.size(); room++) {
            noClasses()
                    .that()
                    .resideInAPackage(ROOMS.get(room))
                    .should()
                    .dependOnClassesThat()
                    .resideInAnyPackage(ROOMS.subList(room + 1, ROOMS.size()).toArray(String[]::new))
                    .check(main);
        }
    }

    /** An engine is one package behind one seam: only what gives it out knows it. */
    @ArchTest
    static final ArchRule ENGINES_ARE_KNOWN_TO_WHAT_GIVES_THEM_OUT = noClasses()
            .that()
            .resideOutsideOfPackages(
                    "io.dedup.streams.internal.store",
                    "io.dedup.streams.internal.store.rocksdb",
                    "io.dedup.streams.internal.store.memory",
                    "io.dedup.streams.store")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("io.dedup.streams.internal.store.rocksdb", "io.dedup.streams.internal.store.memory");

    /** What classes know of each other without passing it on: each is described where it is. */
    @ArchTest
    static final ArchRule SIDE_CHANNELS_ARE_THESE = noFields()
            .that()
            .areStatic()
            .and()
            .areDeclaredInClassesThat(are(not(belongToAnyOf(
                    ChangelogCheck.class,
                    Isolation.class,
                    KeyPartitioner.class,
                    MemoryBudget.class,
                    RocksResources.class,
                    SkippedFailures.class,
                    SourcePartitioner.class,
                    StartWarnings.class,
                    StreamsVersion.class,
                    WrappedTopologies.class))))
            .should(new ArchCondition<>("hold what changes") {
                @Override
                public void check(JavaField field, ConditionEvents events) {
                    boolean isMutable = field.getRawType().isAssignableTo(ThreadLocal.class)
                            || field.getRawType().isAssignableTo(ConcurrentMap.class)
                            || field.getRawType().getPackageName().startsWith("java.util.concurrent.atomic")
                            || !field.getModifiers().contains(JavaModifier.FINAL);
                    events.add(new SimpleConditionEvent(field, isMutable, field.getFullName()));
                }
            });

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
