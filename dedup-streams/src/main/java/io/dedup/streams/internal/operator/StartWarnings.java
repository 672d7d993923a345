// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.operator;

import io.dedup.config.ConfigProblem;
import io.dedup.config.PolicyWarnings;
import io.dedup.streams.internal.store.format.KeyDefinition;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.kafka.streams.processor.api.ProcessingContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Logs warnings about an operator when it starts. Thread-safe. */
public final class StartWarnings {
    private static final Logger LOGGER = LoggerFactory.getLogger(StartWarnings.class);
    private static final Set<String> SAID = ConcurrentHashMap.newKeySet();

    private StartWarnings() {}

    /**
     * Logs it: of the settings once in a process, of the store of each task.
     *
     * @param before by what keys were made when the store was written last
     */
    static void log(DedupSettings settings, ProcessingContext context, KeyDefinition before) {
        for (ConfigProblem warning : PolicyWarnings.of(settings.policy())) {
            if (SAID.add(context.applicationId() + "/" + settings.name() + "/" + warning)) {
                LOGGER.warn("Worth knowing of {}: {}", settings.name(), warning);
            }
        }
        for (ConfigProblem change : settings.definition().changesSince(before)) {
            LOGGER.warn("Worth knowing of {}, task {}: {}", settings.name(), context.taskId(), change);
        }
    }
}
