// SPDX-License-Identifier: Apache-2.0
package io.dedup.config;

import java.util.List;
import java.util.stream.Collectors;
import org.apache.kafka.common.config.ConfigException;

/** A configuration that cannot be used, with everything that is wrong with it. */
public final class DedupConfigException extends ConfigException {
    private static final long serialVersionUID = 1L;

    private final transient List<ConfigProblem> problems;

    /**
     * An exception whose message lists these problems.
     *
     * @param problems at least one
     */
    public DedupConfigException(List<ConfigProblem> problems) {
        super(problems.stream()
                .map(ConfigProblem::toString)
                .collect(Collectors.joining(
                        System.lineSeparator() + "  ", "The dedup configuration cannot be used:\n  ", "")));
        this.problems = List.copyOf(problems);
    }

    /** Everything that is wrong, in the order of the keys. Never empty. */
    public List<ConfigProblem> problems() {
        return problems;
    }
}
