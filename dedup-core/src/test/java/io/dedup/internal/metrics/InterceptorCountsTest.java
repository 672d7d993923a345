// SPDX-License-Identifier: Apache-2.0
package io.dedup.internal.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.tuple;

import java.lang.management.ManagementFactory;
import java.util.concurrent.atomic.LongAdder;
import javax.management.AttributeNotFoundException;
import javax.management.JMException;
import javax.management.MBeanAttributeInfo;
import javax.management.MBeanServer;
import javax.management.ObjectName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class InterceptorCountsTest {
    private static final String TYPE = "test.consumer:type=dedup-interceptor-metrics,client-id=";

    private final MBeanServer server = ManagementFactory.getPlatformMBeanServer();

    @Test
    void publish_counters_areReadWithWhatTheyAre() throws JMException {
        try (InterceptorCounts counts = new InterceptorCounts()) {
            LongAdder passed = counts.counter("passed", "Records passed on");
            counts.publish("test.consumer", "reader-1");
            ObjectName name = new ObjectName(TYPE + "reader-1");
            passed.add(3);
            assertThat(server.getAttribute(name, "passed-total")).isEqualTo(3.0);
            assertThat(server.getAttributes(name, new String[] {"passed-total", "other"}))
                    .hasSize(1);
            assertThat(server.getMBeanInfo(name).getAttributes())
                    .extracting(MBeanAttributeInfo::getName, MBeanAttributeInfo::getDescription)
                    .containsExactly(tuple("passed-total", "Records passed on"));
            assertThatExceptionOfType(AttributeNotFoundException.class)
                    .isThrownBy(() -> server.getAttribute(name, "other"));
        }
        assertThat(server.queryNames(new ObjectName("test.consumer:*"), null)).isEmpty();
    }

    /** A client that is started again under its id while the old one is still closing. */
    @Test
    void close_publishedAgainUnderTheSameName_leavesTheLaterOne() throws JMException {
        InterceptorCounts earlier = new InterceptorCounts();
        earlier.counter("passed", "").add(1);
        earlier.publish("test.consumer", "same");
        try (InterceptorCounts later = new InterceptorCounts()) {
            later.counter("passed", "").add(2);
            later.publish("test.consumer", "same");
            earlier.close();
            assertThat(server.getAttribute(new ObjectName(TYPE + "same"), "passed-total"))
                    .isEqualTo(2.0);
        }
        assertThat(server.isRegistered(new ObjectName(TYPE + "same"))).isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "a,b=c", "star*", "quoted\"", "line\nbreak", "ключ", "a:b"})
    void publish_anyClientId_isFoundUnderItsQuotedName(String clientId) throws JMException {
        try (InterceptorCounts counts = new InterceptorCounts()) {
            counts.counter("passed", "");
            counts.publish("test.consumer", clientId);
            assertThat(server.getAttribute(new ObjectName(TYPE + ObjectName.quote(clientId)), "passed-total"))
                    .isEqualTo(0.0);
        }
    }
}
