// SPDX-License-Identifier: Apache-2.0
package io.dedup.runner;

import io.dedup.config.ConfigProblem;
import io.dedup.config.ConfigProblem.Code;
import io.dedup.config.DedupConfig;
import io.dedup.streams.DedupControl;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.streams.StreamsConfig;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Makes a running application forget a key. */
@Command(
        name = "forget",
        mixinStandardHelpOptions = true,
        description = {
            "Makes the application forget a key.",
            "Makes the application forget a key, so that an operation that was wrongly dropped can be sent "
                    + "again. Needs dedup.control.topic. It is obeyed when the application comes to it: wait until "
                    + "'dedup inspect' says that the key is not remembered."
        })
final class ForgetCommand implements Callable<Integer> {
    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private CommandSpec spec;

    @Mixin
    private ConfigurationOptions options = new ConfigurationOptions();

    @Mixin
    private KeyOptions keyOptions = new KeyOptions();

    @Override
    public Integer call() {
        Settings settings = options.checked(spec.commandLine().getErr());
        DedupConfig config = ConfigurationOptions.config(settings);
        String control = config.controlTopic()
                .orElseThrow(() -> CommandFailedException.of(List.of(new ConfigProblem(
                        Code.REQUIRED,
                        DedupConfig.CONTROL_TOPIC,
                        null,
                        "The application takes no commands without it",
                        "Name a topic with as many partitions as the source, and restart the application"))));
        String topic = keyOptions.topic(config);
        Map<String, Object> configs =
                new HashMap<>(new StreamsConfig(settings.application()).getProducerConfigs("dedup-forget"));
        configs.keySet().removeIf(key -> key.startsWith("transaction"));
        configs.put(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, 60_000);
        configs.put(ProducerConfig.LINGER_MS_CONFIG, 0);
        try (var producer = new KafkaProducer<>(configs, new ByteArraySerializer(), new ByteArraySerializer())) {
            new DedupControl(producer, control).forget(topic, keyOptions.key(config));
        }
        spec.commandLine().getOut().println("The command is in " + control + ".");
        return ExitCode.DONE;
    }
}
