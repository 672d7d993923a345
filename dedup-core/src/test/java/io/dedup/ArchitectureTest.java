// SPDX-License-Identifier: Apache-2.0
package io.dedup;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.core.importer.Location;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import io.dedup.key.KeyExtractor;
import io.dedup.key.RecordView;
import io.dedup.testing.TestNames;
import java.time.Instant;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/** The walls inside this module. */
@AnalyzeClasses(
        packages = "io.dedup",
        importOptions = {DoNotIncludeTests.class, ArchitectureTest.OnlyThisModule.class})
class ArchitectureTest {
    /** Leaves out the servers that the tests run on. */
    static final class OnlyThisModule implements ImportOption {
        @Override
        public boolean includes(Location location) {
            return !location.contains("/io/dedup/embedded/") && !location.contains("/io/dedup/testing/");
        }
    }

    private static final DescribedPredicate<JavaClass> KAFKA_BUT_RECORDS = JavaClass.Predicates.resideInAPackage(
                    "org.apache.kafka..")
            .and(DescribedPredicate.not(JavaClass.Predicates.resideInAPackage("org.apache.kafka.common.header")))
            .and(DescribedPredicate.not(JavaClass.Predicates.equivalentTo(ConsumerRecord.class)))
            .as("Kafka, except its headers and records");

    @ArchTest
    static final ArchRule VOCABULARY_STANDS_ALONE = noClasses()
            .that()
            .resideInAPackage("io.dedup")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("io.dedup.*..", "org.apache.kafka..", "com.fasterxml..")
            .because("the words and the deciding function need nothing but the JDK");

    @ArchTest
    static final ArchRule KEYS_KNOW_ONLY_RECORDS = noClasses()
            .that()
            .resideInAPackage("io.dedup.key..")
            .should()
            .dependOnClassesThat(KAFKA_BUT_RECORDS)
            .because("reading a key works on any record");

    @ArchTest
    static final ArchRule CLIENTS_ARE_FOR_THEIR_PACKAGES = noClasses()
            .that()
            .resideOutsideOfPackages("io.dedup.consumer..", "io.dedup.producer..", "io.dedup.config..")
            .and()
            .doNotHaveFullyQualifiedName(KeyExtractor.class.getName()) // These two take a consumer's record.
            .and()
            .doNotHaveFullyQualifiedName(RecordView.class.getName())
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("org.apache.kafka.clients..", "org.apache.kafka.common.config..");

    @ArchTest
    static final ArchRule DATABASES_ARE_FOR_THEIR_PACKAGE = noClasses()
            .that()
            .resideOutsideOfPackage("io.dedup.store.jdbc..")
            .and()
            .haveNameNotMatching(
                    ".*\\.(TransactionalStore|IdempotentHandler|Execution(\\$.*)?)") // Callers' connections.
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("java.sql..", "javax.sql..")
            .because("only the JDBC store talks to databases");

    @ArchTest
    static final ArchRule REDIS_IS_FOR_ITS_PACKAGE = noClasses()
            .that()
            .resideOutsideOfPackage("io.dedup.store.redis..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("redis.clients..", "io.lettuce..")
            .because("its drivers are optional");

    @ArchTest
    static final ArchRule JEDIS_IS_FOR_ITS_CLASSES = noClasses()
            .that()
            .haveNameNotMatching(".*\\.Jedis.*")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("redis.clients..")
            .because("the store works where only the other driver is there");

    @ArchTest
    static final ArchRule LETTUCE_IS_FOR_ITS_CLASSES = noClasses()
            .that()
            .haveNameNotMatching(".*\\.Lettuce.*")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("io.lettuce..", "io.netty..", "reactor..")
            .because("the store works where only the other driver is there");

    @ArchTest
    static final ArchRule METERS_ARE_FOR_THREE_CLASSES = noClasses()
            .that()
            .doNotHaveSimpleName("HandlerMetrics")
            .and()
            .doNotHaveSimpleName("ConsumerMetrics")
            .and()
            .doNotHaveSimpleName("OperationMetrics")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("io.micrometer..")
            .because("it is optional");

    @ArchTest
    static final ArchRule STORES_DO_NOT_KNOW_WHO_USES_THEM = noClasses()
            .that()
            .resideInAPackage("io.dedup.store..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("io.dedup.handler..", "io.dedup.consumer..", "io.dedup.producer..");

    @ArchTest
    static final ArchRule HANDLERS_KNOW_NO_PARTICULAR_STORE = noClasses()
            .that()
            .resideInAPackage("io.dedup.handler..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("io.dedup.store.*..", "org.apache.kafka..");

    @ArchTest
    static final ArchRule CONSUMERS_FIND_STORES_BY_THEIR_PROVIDERS = noClasses()
            .that()
            .resideInAnyPackage("io.dedup.consumer..", "io.dedup.producer..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("io.dedup.store.jdbc..", "io.dedup.store.redis..");

    @ArchTest
    static final ArchRule SHARED_STORES_HAVE_THEIR_OWN_TIME = noClasses()
            .that()
            .resideInAnyPackage("io.dedup.store.jdbc..", "io.dedup.store.redis..")
            .and()
            .haveNameNotMatching(
                    ".*\\.(ConnectionLane|BatchCall).*") // How long a call waits is for the caller's clock.
            .should()
            .dependOnClassesThat()
            .areAssignableTo(java.time.Clock.class)
            .orShould()
            .callMethod(System.class, "nanoTime")
            .because("the clocks of those who call them differ");

    @ArchTest
    static final ArchRule NO_HIDDEN_CLOCK = noClasses()
            .should()
            .callMethod(System.class, "currentTimeMillis")
            .orShould()
            .callMethod(Instant.class, "now")
            .because("every clock is a parameter");

    @ArchTest
    static void testClasses_names_sayWhenTheyAreRun(JavaClasses main) {
        TestNames.check("io.dedup");
    }
}
