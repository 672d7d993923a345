// SPDX-License-Identifier: Apache-2.0
package io.dedup.runner;

import io.dedup.Action;
import io.dedup.Verdict;
import io.dedup.config.ConfigProblem;
import io.dedup.config.ConfigProblem.Code;
import io.dedup.config.DedupConfig;
import io.dedup.config.DedupConfigException;
import io.dedup.config.InvalidValue;
import io.dedup.config.PolicyWarnings;
import io.dedup.config.Spelling;
import io.dedup.streams.errors.DedupProcessingExceptionHandler;
import io.dedup.streams.internal.Isolation;
import io.dedup.streams.internal.operator.HandlerChecks;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.ConfigValue;
import org.apache.kafka.common.utils.Utils;
import org.apache.kafka.streams.StreamsConfig;

/** Everything that can be found wrong with the settings of a relay without asking a cluster. */
final class OfflineCheck {
    private static final List<String> REQUIRED =
            List.of(StreamsConfig.APPLICATION_ID_CONFIG, StreamsConfig.BOOTSTRAP_SERVERS_CONFIG);

    /** Also with the name of a listener before it, and an address of IPv6 in brackets. */
    private static final Pattern SERVER = Pattern.compile("(\\w+://)?[^\\s,]*[^\\s,:]:[0-9]{1,5}");

    private static final Pattern NOT_POSITIVE = Pattern.compile("0+|-[0-9]+");

    private final Settings settings;
    private final List<ConfigProblem> problems = new ArrayList<>();

    private OfflineCheck(Settings settings) {
        this.settings = settings;
    }

    static List<ConfigProblem> problems(Settings settings) {
        OfflineCheck check = new OfflineCheck(settings);
        check.problems.addAll(settings.problems());
        if (settings.problems().stream().anyMatch(problem -> problem.code() == Code.UNREADABLE_FILE)) {
            return List.copyOf(check.problems); // Of the rest of the file nothing is known.
        }
        check.required();
        check.servers();
        check.threads();
        check.misspelt();
        List<ConfigProblem> ours = DedupConfig.check(check.application());
        ours.stream().filter(problem -> !check.isUnresolved(problem.key())).forEach(check.problems::add);
        boolean isReadable = ours.isEmpty();
        if (isReadable) {
            check.unavailable();
            check.names();
        }
        check.kafkas();
        if (check.problems.isEmpty()) {
            check.clients();
        }
        if (isReadable) {
            check.problems.addAll(
                    PolicyWarnings.of(DedupConfig.of(check.application()).policy()));
        }
        return List.copyOf(check.problems);
    }

    private Map<String, Object> application() {
        return Utils.propsToMap(settings.application());
    }

    private void required() {
        for (String key : REQUIRED) {
            if (settings.written().getOrDefault(key, "").isBlank()) {
                require(key);
            }
        }
        if (settings.written().getOrDefault(DedupConfig.ROUTES, "").isBlank()) {
            require(DedupConfig.ROUTES);
        }
    }

    /** Whether a value is still the reference to one that is not there. */
    private boolean isUnresolved(String key) {
        return settings.problems().stream()
                .anyMatch(problem ->
                        problem.code() == Code.UNRESOLVED && problem.key().equals(key));
    }

    private void servers() {
        String servers = settings.written().getOrDefault(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, "");
        if (isUnresolved(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG) || servers.isBlank()) {
            return;
        }
        for (String server : servers.split(",", -1)) {
            if (!server.isBlank() && !SERVER.matcher(server.strip()).matches()) {
                problems.add(new ConfigProblem(
                        Code.INVALID_VALUE,
                        StreamsConfig.BOOTSTRAP_SERVERS_CONFIG,
                        servers,
                        "'" + server.strip() + "' is not a host and a port",
                        "Write it as HOST:PORT, such as localhost:9092"));
            }
        }
    }

    private void threads() {
        String threads = settings.written().getOrDefault(StreamsConfig.NUM_STREAM_THREADS_CONFIG, "1");
        if (NOT_POSITIVE.matcher(threads.strip()).matches()) {
            problems.add(new ConfigProblem(
                    Code.INVALID_VALUE,
                    StreamsConfig.NUM_STREAM_THREADS_CONFIG,
                    threads,
                    "With so many threads nothing is relayed",
                    "Set it to 1 or more"));
        }
    }

    private void require(String key) {
        String example = switch (key) {
            case DedupConfig.ROUTES -> "orders->orders.unique";
            case StreamsConfig.BOOTSTRAP_SERVERS_CONFIG -> "localhost:9092";
            default -> "orders-dedup";
        };
        problems.add(new ConfigProblem(
                Code.REQUIRED, key, null, "It has to be set", "Add a line such as " + key + "=" + example));
    }

    /** A key that is nearly one of ours or of Kafka's; those that are nothing like it may belong to a plug-in. */
    private void misspelt() {
        settings.written().keySet().stream()
                .filter(key -> !key.startsWith(DedupConfig.PREFIX) && !KafkaKeys.has(key))
                .forEach(key -> meant(key)
                        .ifPresent(nearest -> problems.add(new ConfigProblem(
                                Code.UNKNOWN_KEY,
                                key,
                                null, // It may be a secret.
                                "Neither Kafka nor dedup has such a key",
                                "Did you mean " + nearest + "?"))));
    }

    private static Optional<String> meant(String key) {
        String small = key.toLowerCase(Locale.ROOT);
        return small.startsWith("dedup")
                ? Spelling.nearest(small, DedupConfig.definition().names())
                : KafkaKeys.meant(key);
    }

    private void unavailable() {
        DedupConfig config = DedupConfig.of(application());
        if (config.policy().configuredAction(Verdict.DUPLICATE) == Action.REPLAY_OUTCOME) {
            problems.add(new ConfigProblem(
                    Code.NOT_AVAILABLE,
                    DedupConfig.actionKey(Verdict.DUPLICATE),
                    Action.REPLAY_OUTCOME.text(),
                    "A relay processes nothing, so it has no outcomes",
                    "Choose drop, duplicates-topic or forward"));
        }
        if (!config.wrapNodes().isEmpty() || !config.wrapTopics().isEmpty()) {
            String key = config.wrapNodes().isEmpty() ? DedupConfig.WRAP_TOPICS : DedupConfig.WRAP_NODES;
            problems.add(new ConfigProblem(
                    Code.NOT_AVAILABLE,
                    key,
                    settings.written().get(key),
                    "A relay has no processors to guard",
                    "Remove the key; " + DedupConfig.ROUTES + " says what is relayed"));
        }
    }

    /** Names that topics cannot have, those that follow from the application's too. */
    private void names() {
        if (problems.stream().noneMatch(problem -> problem.code() == Code.REQUIRED)) {
            problems.addAll(TopicNames.problems(RelayTopics.of(settings.application(), DedupConfig.of(application()))));
        }
    }

    /** What Kafka Streams itself does not take. */
    private void kafkas() {
        Properties application = settings.application();
        Map<String, String> texts = Utils.propsToStringMap(application);
        ConfigDef definition = StreamsConfig.configDef();
        for (ConfigValue value : definition.validate(texts)) {
            if (!value.errorMessages().isEmpty() && !REQUIRED.contains(value.name())) {
                problems.add(invalid(definition, value, texts));
            }
        }
    }

    /** What only shows when the configurations of the clients are made. */
    private void clients() {
        try {
            StreamsConfig config = new StreamsConfig(settings.application());
            errors(ConsumerConfig.configDef(), config.getMainConsumerConfigs("group", "client", 0));
            errors(ProducerConfig.configDef(), config.getProducerConfigs("client"));
        } catch (RuntimeException unusable) {
            problems.add(new ConfigProblem(
                    Code.INVALID_VALUE,
                    StreamsConfig.APPLICATION_ID_CONFIG,
                    settings.written().get(StreamsConfig.APPLICATION_ID_CONFIG),
                    "Kafka Streams does not take these settings: " + unusable.getMessage(),
                    "Correct what it names"));
        }
        String handler = settings.application().getProperty(StreamsConfig.PROCESSING_EXCEPTION_HANDLER_CLASS_CONFIG);
        if (!DedupProcessingExceptionHandler.class.getName().equals(handler)) {
            problems.add(new ConfigProblem(
                    Code.NO_EXCEPTION_HANDLER,
                    StreamsConfig.PROCESSING_EXCEPTION_HANDLER_CLASS_CONFIG,
                    handler,
                    "It would not know what to do with records that dedup refuses",
                    "Remove the key, and name your own as " + DedupConfig.PROCESSING_EXCEPTION_HANDLER));
        }
        Isolation.problem(Utils.propsToMap(settings.application())).ifPresent(problems::add);
        try {
            HandlerChecks.requireForWrites(Utils.propsToMap(settings.application()));
        } catch (DedupConfigException unsuitable) {
            problems.addAll(unsuitable.problems());
        }
    }

    private void errors(ConfigDef definition, Map<String, Object> configs) {
        Map<String, String> texts = new TreeMap<>();
        configs.forEach((key, value) -> {
            if (value instanceof String || value instanceof Number || value instanceof Boolean) {
                texts.put(key, value.toString());
            }
        });
        for (ConfigValue value : definition.validate(texts)) {
            boolean written = settings.written().keySet().stream()
                    .anyMatch(key -> KafkaKeys.bare(key).equals(value.name()));
            if (written && !value.errorMessages().isEmpty()) {
                problems.add(invalid(definition, value, texts));
            }
        }
    }

    private static ConfigProblem invalid(ConfigDef definition, ConfigValue value, Map<String, String> texts) {
        String text = String.valueOf(texts.get(value.name()));
        ConfigDef.ConfigKey key = definition.configKeys().get(value.name());
        return InvalidValue.of(
                value,
                key == null ? ConfigDef.Type.STRING : key.type,
                text,
                Settings.shown(value.name(), text),
                "See Kafka's documentation of " + value.name());
    }

    /** Whether the directory for local state can be written; leaves nothing behind. */
    static List<ConfigProblem> ofStateDirectory(Settings settings) {
        Path directory = Path.of(settings.application().getProperty(StreamsConfig.STATE_DIR_CONFIG))
                .toAbsolutePath();
        Path there = directory;
        while (there.getParent() != null && !Files.exists(there)) {
            there = there.getParent();
        }
        try {
            Files.delete(Files.createTempDirectory(there, ".dedup"));
            return List.of();
        } catch (IOException | SecurityException unusable) {
            return List.of(new ConfigProblem(
                    Code.STATE_DIRECTORY_UNUSABLE,
                    StreamsConfig.STATE_DIR_CONFIG,
                    directory.toString(),
                    "It cannot be written: " + unusable,
                    "Name a directory that this user may write"));
        }
    }
}
