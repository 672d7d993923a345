// SPDX-License-Identifier: Apache-2.0
package io.dedup.embedded;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import kafka.server.KafkaConfig;
import kafka.server.KafkaRaftServer;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.common.utils.Utils;
import org.apache.kafka.metadata.storage.Formatter;
import org.apache.kafka.server.common.MetadataVersion;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A single-node Kafka broker in KRaft mode that runs inside this JVM.
 *
 * <p>It listens on a free port of the loopback address, keeps its data in a temporary directory and leaves nothing
 * behind: {@link #close} stops it and deletes the data. Transactions, consumer groups and every client work as on any
 * broker; what one node cannot show is replication.
 *
 * <p>Thread-safe.
 */
public final class EmbeddedBroker implements AutoCloseable {
    /** Stands for the port of the broker in the values of overrides. */
    public static final String BROKER_PORT = "${broker.port}";

    /** Stands for the port of the controller in the values of overrides. */
    public static final String CONTROLLER_PORT = "${controller.port}";

    private static final Logger LOGGER = LoggerFactory.getLogger(EmbeddedBroker.class);
    private static final int NODE_ID = 1;
    private static final int ATTEMPTS = 3;
    private static final long READY_SECONDS = 60;

    private final KafkaConfig config;
    private final Path directory;
    private final String bootstrapServers;
    private KafkaRaftServer server;

    private EmbeddedBroker(KafkaConfig config, KafkaRaftServer server, Path directory, String bootstrapServers) {
        this.config = config;
        this.server = server;
        this.directory = directory;
        this.bootstrapServers = bootstrapServers;
    }

    /**
     * Starts a broker and waits until it answers.
     *
     * @throws KafkaException if it does not come up within a minute
     */
    public static EmbeddedBroker start() {
        return start(Map.of());
    }

    /**
     * Starts a broker with these settings on top of our own, and waits until it answers.
     *
     * @param overrides broker properties, as in {@code server.properties}; {@value #BROKER_PORT} and {@value
     *     #CONTROLLER_PORT} in their values stand for the ports that were chosen
     * @throws KafkaException if it does not come up within a minute
     */
    public static EmbeddedBroker start(Map<String, String> overrides) {
        return start(0, overrides);
    }

    /**
     * Starts a broker that listens on that port, and waits until it answers.
     *
     * @param port 0 for any free one
     * @param overrides as for {@link #start(Map)}
     * @throws KafkaException if it does not come up within a minute
     */
    public static EmbeddedBroker start(int port, Map<String, String> overrides) {
        KafkaException failure = new KafkaException("The embedded broker did not start");
        for (int attempt = 1; attempt <= ATTEMPTS; attempt++) {
            try {
                return tryStart(port, overrides);
            } catch (KafkaException portTaken) {
                // Between choosing a free port and binding it, another process may have taken it.
                LOGGER.warn("Attempt {} of {} to start the embedded broker failed", attempt, ATTEMPTS, portTaken);
                failure.addSuppressed(portTaken);
            }
        }
        throw failure;
    }

    private static EmbeddedBroker tryStart(int port, Map<String, String> overrides) {
        Path directory = temporaryDirectory();
        int[] ports = freePorts();
        ports[0] = port == 0 ? ports[0] : port;
        Properties properties = properties(directory, ports[0], ports[1]);
        overrides.forEach((key, value) -> properties.put(
                key,
                value.replace(BROKER_PORT, String.valueOf(ports[0]))
                        .replace(CONTROLLER_PORT, String.valueOf(ports[1]))));
        KafkaRaftServer server = null;
        try {
            format(directory);
            KafkaConfig config = new KafkaConfig(properties, false);
            server = new KafkaRaftServer(config, Time.SYSTEM);
            server.startup();
            EmbeddedBroker broker = new EmbeddedBroker(config, server, directory, "localhost:" + ports[0]);
            broker.awaitReady();
            return broker;
        } catch (Exception failed) {
            if (server != null) {
                server.shutdown();
                server.awaitShutdown();
            }
            delete(directory);
            throw new KafkaException("The embedded broker did not start on port " + ports[0], failed);
        }
    }

    /** Where clients connect: {@code localhost:PORT}. */
    public String bootstrapServers() {
        return bootstrapServers;
    }

    /** Stops the broker without telling its clients, and keeps its data. Does nothing if it is stopped. */
    public synchronized void stop() {
        server.shutdown();
        server.awaitShutdown();
    }

    /**
     * Stops the broker if it runs, and starts it on the same port with the data it had.
     *
     * @throws KafkaException if it does not come up within a minute
     */
    public synchronized void restart() {
        stop();
        server = new KafkaRaftServer(config, Time.SYSTEM);
        server.startup();
        try {
            awaitReady();
        } catch (InterruptedException | ExecutionException | TimeoutException failed) {
            throw new KafkaException("The embedded broker did not come back at " + bootstrapServers, failed);
        }
    }

    /** Stops the broker and deletes its data. */
    @Override
    public synchronized void close() {
        stop();
        delete(directory);
    }

    private void awaitReady() throws InterruptedException, ExecutionException, TimeoutException {
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", bootstrapServers))) {
            admin.describeCluster().nodes().get(READY_SECONDS, TimeUnit.SECONDS);
        }
    }

    private static void format(Path directory) throws Exception {
        ByteArrayOutputStream report = new ByteArrayOutputStream();
        new Formatter()
                .setPrintStream(new PrintStream(report, true, StandardCharsets.UTF_8))
                .setClusterId(Uuid.randomUuid().toString())
                .setNodeId(NODE_ID)
                .setDirectories(List.of(directory.toString()))
                .setMetadataLogDirectory(directory.toString())
                .setControllerListenerName("CONTROLLER")
                .setReleaseVersion(MetadataVersion.latestProduction())
                .run();
        LOGGER.debug("{}", report.toString(StandardCharsets.UTF_8));
    }

    private static Properties properties(Path directory, int brokerPort, int controllerPort) {
        Properties properties = new Properties();
        properties.putAll(Map.of(
                "process.roles",
                "broker,controller",
                "node.id",
                String.valueOf(NODE_ID),
                "controller.quorum.voters",
                NODE_ID + "@localhost:" + controllerPort,
                "listeners",
                "PLAINTEXT://localhost:" + brokerPort + ",CONTROLLER://localhost:" + controllerPort,
                "advertised.listeners",
                "PLAINTEXT://localhost:" + brokerPort,
                "controller.listener.names",
                "CONTROLLER",
                "listener.security.protocol.map",
                "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
                "log.dirs",
                directory.toString()));
        properties.putAll(Map.of(
                "offsets.topic.replication.factor", "1",
                "offsets.topic.num.partitions", "5",
                "transaction.state.log.replication.factor", "1",
                "transaction.state.log.min.isr", "1",
                "transaction.state.log.num.partitions", "5",
                "share.coordinator.state.topic.replication.factor", "1",
                "share.coordinator.state.topic.min.isr", "1",
                "group.initial.rebalance.delay.ms", "0"));
        // A broker that lives for seconds on a shared disk: no preallocation, and no waiting at the end.
        properties.putAll(Map.of(
                "log.index.size.max.bytes", "1048576",
                "controlled.shutdown.enable", "false",
                "log.cleaner.dedupe.buffer.size", "8388608"));
        return properties;
    }

    private static Path temporaryDirectory() {
        try {
            return Files.createTempDirectory("dedup-broker-");
        } catch (IOException unwritable) {
            throw new KafkaException("There is no temporary directory for the embedded broker", unwritable);
        }
    }

    /** Two different ports that were free just now. */
    private static int[] freePorts() {
        InetAddress loopback = InetAddress.getLoopbackAddress();
        try (ServerSocket first = new ServerSocket(0, 1, loopback);
                ServerSocket second = new ServerSocket(0, 1, loopback)) {
            return new int[] {first.getLocalPort(), second.getLocalPort()};
        } catch (IOException none) {
            throw new KafkaException("There is no free port for the embedded broker", none);
        }
    }

    private static void delete(Path directory) {
        try {
            Utils.delete(directory.toFile());
        } catch (IOException left) {
            LOGGER.warn("Could not delete the embedded broker's data in {}", directory, left);
        }
    }
}
