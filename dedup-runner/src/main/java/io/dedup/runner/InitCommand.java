// SPDX-License-Identifier: Apache-2.0
package io.dedup.runner;

import io.dedup.config.DedupConfig;
import java.io.PrintWriter;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.ConfigDef.ConfigKey;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Writes a commented configuration from the definition of the keys. */
@Command(
        name = "init",
        mixinStandardHelpOptions = true,
        description = {
            "Writes a commented configuration.",
            "Writes a commented configuration to standard output: dedup init > orders.properties"
        })
final class InitCommand implements Runnable {
    private static final int WIDTH = 100;
    /** Keys that mean nothing to a relay. */
    private static final Set<String> NOT_OURS = Set.of(
            DedupConfig.WRAP_NODES,
            DedupConfig.WRAP_TOPICS,
            DedupConfig.PROCESSING_EXCEPTION_HANDLER,
            DedupConfig.PRODUCTION_EXCEPTION_HANDLER,
            DedupConfig.OUTCOME_MAX_BYTES,
            DedupConfig.ON_NO_OUTCOME,
            DedupConfig.CONSUMER_STORE,
            DedupConfig.CONSUMER_STORE_USER,
            DedupConfig.CONSUMER_STORE_PASSWORD,
            DedupConfig.PRODUCER_KEY,
            DedupConfig.PRODUCER_HEADER,
            DedupConfig.ROUTES);

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private CommandSpec spec;

    @Override
    public void run() {
        PrintWriter out = spec.commandLine().getOut();
        out.print("""
                # A relay of dedup. These three lines are yours; everything below has a default.
                # dedup check FILE.properties says what is wrong with it.

                # Names the application: its consumer group, its internal topics, its store. Do not change it later.
                application.id=orders-dedup
                bootstrap.servers=localhost:9092
                # SOURCE->TARGET, several with commas between them; SOURCE+SOURCE->TARGET has one store for both sources.
                dedup.routes=orders->orders.unique

                # Kafka's own settings go here too, for TLS and SASL as for any client.
                #security.protocol=SASL_SSL

                """);
        for (Map.Entry<String, ConfigKey> entry :
                DedupConfig.definition().configKeys().entrySet()) {
            if (!NOT_OURS.contains(entry.getKey())) {
                ConfigKey key = entry.getValue();
                wrapped(out, key.documentation);
                if (key.validator != null) {
                    wrapped(out, "Allowed: " + key.validator);
                }
                out.println("#" + key.name + "=" + defaultText(key));
                out.println();
            }
        }
        out.flush();
    }

    private static String defaultText(ConfigKey key) {
        String text = key.defaultValue == null ? "" : ConfigDef.convertToString(key.defaultValue, key.type);
        return text == null ? "" : text;
    }

    private static void wrapped(PrintWriter out, String text) {
        StringBuilder line = new StringBuilder("#");
        for (String word : text.split(" ", -1)) {
            if (line.length() + word.length() >= WIDTH) {
                out.println(line);
                line = new StringBuilder("#");
            }
            line.append(' ').append(word);
        }
        out.println(line);
    }
}
