// SPDX-License-Identifier: Apache-2.0
package io.dedup.runner;

import io.dedup.IdempotencyKey;
import io.dedup.KeyResult;
import io.dedup.MissingKey;
import io.dedup.config.DedupConfig;
import io.dedup.config.Route;
import io.dedup.internal.Sentences;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Which key is meant. */
final class KeyOptions {
    @Option(
            names = "--key",
            required = true,
            paramLabel = "KEY",
            description = {
                "The idempotency key as 'dedup verify' prints it: its text, or 0x and hexadecimal digits. Once for each part "
                        + "of a key of several, as the source and the id of a CloudEvent."
            })
    private List<String> keys = new ArrayList<>();

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
            return config.routes().get(0).name();
        } else if (topic == null || config.routes().stream().noneMatch(route -> route.reads(topic))) {
            throw new CommandFailedException(ExitCode.USAGE, "--topic has to be one of " + config.sources());
        }
        return topic;
    }

    /** The route of that topic, with it among the sources even if they have a pattern for it. */
    Route route(DedupConfig config) {
        String source = topic(config);
        Route found = config.routes().stream()
                .filter(route -> route.reads(source))
                // One that names it comes before one with a pattern.
                .min(Comparator.comparing(route -> !route.sources().contains(source)))
                .orElseThrow();
        return found.sources().contains(source) ? found : new Route(List.of(found.name(), source), found.target());
    }

    /** The key as the application reads it from a record, with the normalisers of its source. */
    IdempotencyKey key(DedupConfig config) {
        List<String> sources = config.keySources();
        String from = source == null && sources.size() == 1 ? sources.get(0) : source;
        if (from == null || !sources.contains(from)) {
            throw new CommandFailedException(ExitCode.USAGE, "--source has to be one of " + sources);
        }
        KeyResult read;
        try {
            read = config.keyOf(from, keys.stream().map(IdempotencyKey::bytesOf).toList());
        } catch (IllegalArgumentException unusable) {
            throw new CommandFailedException(
                    ExitCode.USAGE, "--key cannot be a key of " + from + ": " + unusable.getMessage());
        }
        if (read instanceof MissingKey missing) {
            throw new CommandFailedException(
                    ExitCode.USAGE,
                    Sentences.of("--key is no key: " + missing.detail(), "A record with it has never been remembered"));
        }
        return read.orElseThrow();
    }
}
