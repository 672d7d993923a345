// SPDX-License-Identifier: Apache-2.0
package io.dedup.runner;

import io.dedup.config.ConfigProblem;
import io.dedup.config.ConfigProblem.Code;
import io.dedup.config.DedupConfig;
import io.dedup.streams.errors.DedupProcessingExceptionHandler;
import io.dedup.streams.errors.DedupProductionExceptionHandler;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.kafka.common.config.AbstractConfig;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.StreamsConfig;

/**
 * The properties of a run: those of the file, over them those of the environment, over them those of {@code --set}, with
 * references to values elsewhere resolved and what is not set filled in.
 *
 * <p>A variable {@code DEDUP_TTL_MS} sets {@code dedup.ttl.ms}, {@code KAFKA_BOOTSTRAP_SERVERS} sets {@code
 * bootstrap.servers}: one underscore is a dot, two are an underscore, three a hyphen, as in the apache/kafka image.
 *
 * <p>Immutable.
 */
final class Settings {
    private static final String OURS = "DEDUP_";
    private static final String KAFKAS = "KAFKA_";
    /** Variables of Kafka's own scripts and of ours, which are no properties. */
    private static final Set<String> NO_PROPERTIES = Set.of(
            "DEDUP_LOG_LEVEL",
            "DEDUP_JAVA_OPTS",
            "DEDUP_CLASSPATH",
            "KAFKA_HOME",
            "KAFKA_OPTS",
            "KAFKA_HEAP_OPTS",
            "KAFKA_JVM_PERFORMANCE_OPTS",
            "KAFKA_LOG4J_OPTS",
            "KAFKA_GC_LOG_OPTS",
            "KAFKA_JMX_OPTS",
            "KAFKA_JMX_PORT",
            "KAFKA_DEBUG",
            "KAFKA_CLASSPATH",
            "KAFKA_VERSION");

    /** What Kubernetes sets for a service that happens to be called so. */
    private static final Pattern OF_A_SERVICE =
            Pattern.compile("_SERVICE_(HOST|PORT)(_|$)|_PORT(_[0-9]+_(TCP|UDP)(_.*)?)?$");

    private static final Pattern REFERENCE = Pattern.compile("\\$\\{(env|file|dir):[^}]*}");
    private static final Pattern SECRET = Pattern.compile(
            "password|secret|jaas|token|credential|\\.key$|private|keystore\\.certificate", Pattern.CASE_INSENSITIVE);

    private final Map<String, String> values;
    private final List<ConfigProblem> problems;

    private Settings(Map<String, String> values, List<ConfigProblem> problems) {
        this.values = new TreeMap<>(values);
        this.problems = List.copyOf(problems);
    }

    /**
     * Reads the properties.
     *
     * @param set {@code KEY=VALUE}
     * @throws IOException if the file cannot be read
     * @throws IllegalArgumentException if one of {@code set} is malformed
     */
    static Settings load(Path file, Map<String, String> environment, List<String> set) throws IOException {
        PropertiesFile read = PropertiesFile.read(file);
        Map<String, String> values = new TreeMap<>(read.values());
        environment.forEach((name, value) -> {
            if (!NO_PROPERTIES.contains(name) && !OF_A_SERVICE.matcher(name).find()) {
                if (name.startsWith(OURS)) {
                    values.put(DedupConfig.PREFIX + key(name.substring(OURS.length())), value);
                } else if (name.startsWith(KAFKAS)) {
                    values.put(key(name.substring(KAFKAS.length())), value);
                }
            }
        });
        for (String assignment : set) {
            int equals = assignment.indexOf('=');
            if (equals < 1) {
                throw new IllegalArgumentException(
                        "'" + assignment + "' is not KEY=VALUE, as in --set dedup.ttl.ms=60000");
            }
            values.put(
                    assignment.substring(0, equals).strip(),
                    assignment.substring(equals + 1).strip());
        }
        return resolved(values, read.problems());
    }

    private static String key(String name) {
        StringBuilder key = new StringBuilder();
        Matcher underscores = Pattern.compile("_+").matcher(name.toLowerCase(Locale.ROOT));
        while (underscores.find()) {
            String meant = switch (underscores.group().length()) {
                case 1 -> ".";
                case 2 -> "_";
                case 3 -> "-";
                default -> underscores.group();
            };
            underscores.appendReplacement(key, Matcher.quoteReplacement(meant));
        }
        return underscores.appendTail(key).toString();
    }

    /** With what Kafka's config providers give for references. */
    private static Settings resolved(Map<String, String> values, List<ConfigProblem> ofFile) {
        List<ConfigProblem> problems = new ArrayList<>();
        Map<String, String> providing = new TreeMap<>(values);
        providing.putIfAbsent("config.providers", "env,file,dir");
        providing.putIfAbsent(
                "config.providers.env.class", "org.apache.kafka.common.config.provider.EnvVarConfigProvider");
        providing.putIfAbsent(
                "config.providers.file.class", "org.apache.kafka.common.config.provider.FileConfigProvider");
        providing.putIfAbsent(
                "config.providers.dir.class", "org.apache.kafka.common.config.provider.DirectoryConfigProvider");
        Map<String, String> resolved = new TreeMap<>(values);
        try {
            new AbstractConfig(new ConfigDef(), providing, false).originals().forEach((key, value) -> {
                if (values.containsKey(key)) {
                    resolved.put(key, String.valueOf(value));
                }
            });
        } catch (ConfigException unresolved) {
            problems.add(new ConfigProblem(
                    Code.UNRESOLVED,
                    "config.providers",
                    providing.get("config.providers"),
                    String.valueOf(unresolved.getMessage()),
                    "Make the file readable, or write the value itself"));
        }
        resolved.forEach((key, value) -> {
            Matcher reference = REFERENCE.matcher(value);
            if (problems.isEmpty() && reference.find()) {
                problems.add(new ConfigProblem(
                        Code.UNRESOLVED,
                        key,
                        reference.group(),
                        "This is not set",
                        "Set the variable, or write the value itself"));
            }
        });
        resolved.keySet().removeIf(key -> key.startsWith("config.providers"));
        problems.addAll(0, ofFile);
        return new Settings(resolved, problems);
    }

    /** What is wrong with the file, and references that could not be resolved. */
    List<ConfigProblem> problems() {
        return problems;
    }

    /** The properties as they are written. */
    Map<String, String> written() {
        return values;
    }

    /** These with another value. */
    Settings with(String key, String value) {
        Map<String, String> changed = new TreeMap<>(values);
        changed.put(key, value);
        return new Settings(changed, problems);
    }

    /** The properties with what a relay needs where nothing else is set. */
    Properties application() {
        Properties application = new Properties();
        StreamsApplication.defaults().forEach((key, value) -> application.put(key, String.valueOf(value)));
        application.put(
                StreamsConfig.PROCESSING_EXCEPTION_HANDLER_CLASS_CONFIG,
                DedupProcessingExceptionHandler.class.getName());
        application.put("processing.exception.handler.global.enabled", "true");
        application.put(
                StreamsConfig.PRODUCTION_EXCEPTION_HANDLER_CLASS_CONFIG,
                DedupProductionExceptionHandler.class.getName());
        application.put(StreamsConfig.DEFAULT_KEY_SERDE_CLASS_CONFIG, Serdes.ByteArraySerde.class.getName());
        application.put(StreamsConfig.DEFAULT_VALUE_SERDE_CLASS_CONFIG, Serdes.ByteArraySerde.class.getName());
        application.put(
                StreamsConfig.STATE_DIR_CONFIG,
                Path.of(System.getProperty("user.home"), ".local", "state", "dedup")
                        .toString());
        String id = values.get(StreamsConfig.APPLICATION_ID_CONFIG);
        boolean named = values.containsKey(DedupConfig.DEAD_LETTER_TOPIC)
                || values.containsKey(DedupConfig.KAFKA_DEAD_LETTER_TOPIC);
        if (id != null && !named) {
            application.put(DedupConfig.KAFKA_DEAD_LETTER_TOPIC, id + "-dead-letter");
        } else if (values.containsKey(DedupConfig.DEAD_LETTER_TOPIC)) {
            application.put(DedupConfig.KAFKA_DEAD_LETTER_TOPIC, values.get(DedupConfig.DEAD_LETTER_TOPIC));
        }
        application.putAll(values);
        return application;
    }

    /** The value as it may be shown: secrets are not, nor is what is not known. */
    static String shown(String key, String value) {
        boolean ours = key.startsWith(DedupConfig.PREFIX) && !key.startsWith(DedupConfig.CONSUMER_STORE);
        boolean harmless = KafkaKeys.has(key) && !SECRET.matcher(key).find();
        return ours || harmless ? value : "(hidden)";
    }
}
