// SPDX-License-Identifier: Apache-2.0
package io.dedup.consumer;

import io.dedup.testing.TestServers;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.jspecify.annotations.Nullable;

/** The one broker of this JVM's tests. It stops with the JVM. */
record SharedBroker(String bootstrapServers, Admin admin, Producer<String, String> producer) {
    private static @Nullable SharedBroker shared;

    /** Starts it at the first call. */
    static synchronized SharedBroker get() {
        SharedBroker broker = shared;
        if (broker == null) {
            // Short locks and sessions, for tests that wait for their end.
            TestServers.Kafka kafka = TestServers.kafka(Map.of(
                    "group.share.min.record.lock.duration.ms", "1000",
                    "group.min.session.timeout.ms", "1000"));
            Runtime.getRuntime().addShutdownHook(new Thread(kafka::close));
            Map<String, Object> configs = Map.of("bootstrap.servers", kafka.bootstrapServers());
            broker = new SharedBroker(
                    kafka.bootstrapServers(),
                    Admin.create(configs),
                    new KafkaProducer<>(configs, new StringSerializer(), new StringSerializer()));
            shared = broker;
        }
        return broker;
    }
}
