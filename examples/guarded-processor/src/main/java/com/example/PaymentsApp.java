package com.example;

import java.io.IOException;
import java.io.InputStream;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.TopologyConfig;
import org.apache.kafka.streams.processor.api.ContextualProcessor;
import org.apache.kafka.streams.processor.api.Record;

/** An application of the Processor API that knows nothing of duplicates: application.properties does. */
public final class PaymentsApp {
    private PaymentsApp() {}

    public static void main(String[] args) throws IOException {
        KafkaStreams streams = start(Map.of("bootstrap.servers", args.length > 0 ? args[0] : "localhost:9092"));
        Runtime.getRuntime().addShutdownHook(new Thread(streams::close));
    }

    static KafkaStreams start(Map<String, String> configs) throws IOException {
        Properties properties = new Properties();
        try (InputStream file = PaymentsApp.class.getResourceAsStream("/application.properties")) {
            properties.load(file);
        }
        properties.putAll(configs);
        KafkaStreams streams = new KafkaStreams(topology(new StreamsConfig(properties)), properties);
        streams.start();
        return streams;
    }

    static Topology topology(StreamsConfig config) {
        // The topology has to be made with the configuration: that is where the wrapper is named.
        Topology topology = new Topology(new TopologyConfig(config));
        topology.addSource("payments", new StringDeserializer(), new StringDeserializer(), "payments");
        topology.addProcessor("charge", Charge::new, "payments");
        topology.addSink("receipts", "receipts", new StringSerializer(), new StringSerializer(), "charge");
        return topology;
    }

    /** Charges a card, in real life. */
    static final class Charge extends ContextualProcessor<String, String, String, String> {
        @Override
        public void process(Record<String, String> payment) {
            context().forward(payment.withValue("charged " + payment.value()));
        }
    }
}
