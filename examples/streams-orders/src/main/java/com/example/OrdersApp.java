package com.example;

import static io.dedup.key.KeyExtractors.header;

import io.dedup.streams.Dedup;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.Produced;

/** Reads orders, and sends each of them to be shipped once. */
public final class OrdersApp {
    private OrdersApp() {}

    public static void main(String[] args) throws IOException {
        KafkaStreams streams = start(Map.of("bootstrap.servers", args.length > 0 ? args[0] : "localhost:9092"));
        Runtime.getRuntime().addShutdownHook(new Thread(streams::close));
    }

    static KafkaStreams start(Map<String, String> configs) throws IOException {
        Properties properties = new Properties();
        try (InputStream file = OrdersApp.class.getResourceAsStream("/application.properties")) {
            properties.load(file);
        }
        properties.putAll(configs);
        KafkaStreams streams = new KafkaStreams(topology(), properties);
        streams.start();
        return streams;
    }

    static Topology topology() {
        StreamsBuilder builder = new StreamsBuilder();
        KStream<String, String> orders = builder.stream("orders", Consumed.with(Serdes.String(), Serdes.String()));
        Dedup.by(header("idempotency-key"))
                .within(Duration.ofHours(24))
                .apply(orders)
                .to("shipments", Produced.with(Serdes.String(), Serdes.String()));
        return builder.build();
    }
}
