// SPDX-License-Identifier: Apache-2.0
package io.dedup.runner;

import io.dedup.IdempotencyKey;
import io.dedup.config.DedupConfig;
import io.dedup.key.KeyExtractors;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Which key is meant. */
final class KeyOptions {
    @Option(names = "--key", required = true, paramLabel = "KEY", description = "The idempotency key, as text.")
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private String key;

    @Option(
            names = "--topic",
            paramLabel = "TOPIC",
            description = "The source topic of the operation. Needed if there are several routes.")
    private @Nullable String topic;

    @Option(
            names = "--source",
            paramLabel = "SOURCE",
            description = "Which source of dedup.key the key comes from. Needed if there are several.")
    private @Nullable String source;

    String topic(DedupConfig config) {
        if (topic == null && config.routes().size() == 1) {
            return config.routes().keySet().iterator().next();
        } else if (topic == null || !config.routes().containsKey(topic)) {
            throw new EndedException(
                    ExitCode.USAGE,
                    "--topic has to be one of " + config.routes().keySet());
        }
        return topic;
    }

    IdempotencyKey key(Settings settings) {
        List<String> sources =
                KeyExtractors.sources(settings.written().getOrDefault(DedupConfig.KEY, "header:idempotency-key"));
        if (source == null ? sources.size() != 1 : !sources.contains(source)) {
            throw new EndedException(ExitCode.USAGE, "--source has to be one of " + sources);
        }
        return IdempotencyKey.of(source == null ? sources.get(0) : source, key.getBytes(StandardCharsets.UTF_8));
    }
}
