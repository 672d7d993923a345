// SPDX-License-Identifier: Apache-2.0
package io.dedup.bench.mode;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.camel.CamelContext;
import org.apache.camel.impl.engine.SimpleCamelContext;
import org.apache.camel.processor.idempotent.kafka.KafkaIdempotentRepository;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;

/**
 * Apache Camel's repository on Kafka with its defaults: a cache of the latest 1,000 keys, each of which is sent to a topic and
 * waited for.
 */
record CamelFilter(CamelContext camel, KafkaIdempotentRepository repository) implements KeyFilter {
    static KeyFilter open(Task task) throws Exception {
        String topic = task.applicationId() + "-repository-changelog";
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", task.bootstrapServers()))) {
            admin.createTopics(List.of(new NewTopic(topic, Optional.of(1), Optional.empty())))
                    .all()
                    .get();
        }
        CamelContext camel = new SimpleCamelContext();
        camel.start();
        KafkaIdempotentRepository repository = new KafkaIdempotentRepository(topic, task.bootstrapServers());
        repository.setCamelContext(camel);
        repository.start();
        return new CamelFilter(camel, repository);
    }

    @Override
    public boolean isFirst(String key) {
        return repository.add(key);
    }

    @Override
    public void commit() {}

    @Override
    public void close() {
        repository.stop();
        camel.stop();
    }
}
