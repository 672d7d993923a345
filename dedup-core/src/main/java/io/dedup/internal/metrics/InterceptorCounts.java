// SPDX-License-Identifier: Apache-2.0
package io.dedup.internal.metrics;

import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.DoubleSupplier;
import javax.management.Attribute;
import javax.management.AttributeList;
import javax.management.AttributeNotFoundException;
import javax.management.DynamicMBean;
import javax.management.JMException;
import javax.management.MBeanAttributeInfo;
import javax.management.MBeanInfo;
import javax.management.MBeanServer;
import javax.management.ObjectName;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Counts of one interceptor, which publishes them among the metrics of its client, or here in JMX.
 *
 * <p>Counters may be added to, and attributes read, by any thread; everything else is called by the thread that creates or
 * closes the client.
 */
public final class InterceptorCounts implements DynamicMBean, AutoCloseable {
    private static final Logger LOGGER = LoggerFactory.getLogger(InterceptorCounts.class);

    /** Which counts are published under a name: a client that is closed late must not take away those of its successor. */
    private static final Map<ObjectName, InterceptorCounts> PUBLISHED = new HashMap<>();

    private final List<Count> counts = new ArrayList<>();
    private @Nullable ObjectName publishedAs;

    /**
     * One of them.
     *
     * @param value what it is now
     */
    public record Count(String name, String description, DoubleSupplier value) {}

    /** An interceptor without counts yet. */
    public InterceptorCounts() {}

    /** Adds a counter, published as {@code NAME-total}. */
    public LongAdder counter(String name, String description) {
        LongAdder counter = new LongAdder();
        gauge(name + "-total", description, counter::doubleValue);
        return counter;
    }

    /** Adds a value that is read when it is asked for. */
    public void gauge(String name, String description, DoubleSupplier value) {
        counts.add(new Count(name, description, value));
    }

    /** All that were added. */
    public List<Count> all() {
        return List.copyOf(counts);
    }

    /**
     * Publishes them in JMX, as {@code DOMAIN:type=dedup-interceptor-metrics,client-id=CLIENT}, until they are closed. Of two
     * clients of one process with the same id the later one is published.
     *
     * @param domain {@code kafka.consumer} or {@code kafka.producer}
     */
    public void publish(String domain, String clientId) {
        publish(domain, "dedup-interceptor-metrics", clientId);
    }

    /**
     * Publishes them in JMX, as {@code DOMAIN:type=TYPE,client-id=CLIENT}, until they are closed.
     *
     * @param type of the client that counts
     */
    public void publish(String domain, String type, String clientId) {
        MBeanServer server = ManagementFactory.getPlatformMBeanServer();
        synchronized (PUBLISHED) {
            try {
                ObjectName name = new ObjectName(domain + ":type=" + type + ",client-id=" + quoted(clientId));
                if (server.isRegistered(name)) {
                    server.unregisterMBean(name);
                }
                server.registerMBean(this, name);
                PUBLISHED.put(name, this);
                publishedAs = name;
            } catch (JMException failed) {
                LOGGER.warn("Counts of {} are not in JMX", clientId, failed);
            }
        }
    }

    /** Takes them out of JMX, unless others of the same name have been published since. */
    @Override
    public void close() {
        synchronized (PUBLISHED) {
            ObjectName name = publishedAs;
            if (name == null || !PUBLISHED.remove(name, this)) {
                return;
            }
            try {
                ManagementFactory.getPlatformMBeanServer().unregisterMBean(name);
            } catch (JMException failed) {
                LOGGER.warn("{} could not be taken out of JMX", name, failed);
            }
        }
    }

    /** As Kafka's own names are: as it is where that can be, else quoted. */
    private static String quoted(String clientId) {
        return clientId.matches("[\\w.% -]+") ? clientId : ObjectName.quote(clientId);
    }

    @Override
    public Object getAttribute(String name) throws AttributeNotFoundException {
        for (Count count : counts) {
            if (count.name().equals(name)) {
                return count.value().getAsDouble();
            }
        }
        throw new AttributeNotFoundException(name);
    }

    @Override
    public AttributeList getAttributes(String[] names) {
        AttributeList attributes = new AttributeList();
        for (String name : names) {
            for (Count count : counts) {
                if (count.name().equals(name)) {
                    attributes.add(new Attribute(name, count.value().getAsDouble()));
                }
            }
        }
        return attributes;
    }

    @Override
    public void setAttribute(Attribute attribute) throws AttributeNotFoundException {
        throw new AttributeNotFoundException(attribute.getName() + " can only be read");
    }

    @Override
    public AttributeList setAttributes(AttributeList attributes) {
        return new AttributeList();
    }

    @Override
    public Object invoke(String action, Object[] params, String[] signature) {
        throw new UnsupportedOperationException(action + ": there are only attributes");
    }

    @Override
    public MBeanInfo getMBeanInfo() {
        MBeanAttributeInfo[] attributes = counts.stream()
                .map(count -> new MBeanAttributeInfo(
                        count.name(), double.class.getName(), count.description(), true, false, false))
                .toArray(MBeanAttributeInfo[]::new);
        return new MBeanInfo(getClass().getName(), "Counts of dedup", attributes, null, null, null);
    }
}
