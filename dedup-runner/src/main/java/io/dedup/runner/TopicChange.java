// SPDX-License-Identifier: Apache-2.0
package io.dedup.runner;

import io.dedup.config.ConfigProblem;
import io.dedup.config.ConfigProblem.Code;
import io.dedup.config.DedupConfig;
import org.apache.kafka.streams.StreamsConfig;

/**
 * A topic of a relay that is not what it was when the relay started.
 *
 * @param role what the relay has it for
 * @param before how many partitions it had
 * @param now how many it has; 0 if it was deleted
 */
record TopicChange(Role role, String topic, Kind kind, int before, int now) {
    private static final String OPERATIONS = "in docs/operations.md";

    /** What a relay has a topic for. */
    enum Role {
        SOURCE,
        CONTROL,
        WRITTEN,
        CHANGELOG,
        REPARTITION
    }

    /** What happened to it. */
    enum Kind {
        DELETED,
        RECREATED,
        GROWN
    }

    /**
     * The change as it is shown, with what to do about it.
     *
     * @param applicationId the application that relays
     * @param startsOver whether there are no committed offsets of the topic, so that it is read from its beginning
     */
    ConfigProblem problem(String applicationId, boolean startsOver) {
        if (kind == Kind.GROWN) {
            return new ConfigProblem(
                    Code.PARTITIONS_DIFFER,
                    key(),
                    topic,
                    "It had " + before + " partitions when the relay started, and has " + now
                            + ": equal keys come on other partitions than those where they are remembered",
                    "Proceed as under 'Change the number of partitions' " + OPERATIONS
                            + "; Kafka's reset tool would forget every key");
        } else if (role == Role.CHANGELOG) {
            return new ConfigProblem(
                    Code.REMEMBERED_KEYS_GONE,
                    StreamsConfig.APPLICATION_ID_CONFIG,
                    applicationId,
                    "The changelog " + topic + " was deleted" + again() + ", and with it what is remembered",
                    "Proceed as under 'When what is remembered is lost' " + OPERATIONS);
        }
        return new ConfigProblem(
                Code.TOPIC_CHANGED, key(), topic, "It was deleted" + again() + " while the relay ran", fix(startsOver));
    }

    private String key() {
        return switch (role) {
            case SOURCE, WRITTEN -> DedupConfig.ROUTES;
            case CONTROL -> DedupConfig.CONTROL_TOPIC;
            case CHANGELOG, REPARTITION -> StreamsConfig.APPLICATION_ID_CONFIG;
        };
    }

    private String again() {
        return kind == Kind.RECREATED ? " and created again" : "";
    }

    private String fix(boolean startsOver) {
        boolean isThere = kind == Kind.RECREATED;
        String partitions = before == 1 ? "1 partition" : before + " partitions";
        String start = isThere
                ? "Start the relay again"
                : "Create it again with " + partitions + ", and start the relay again";
        return switch (role) {
            case SOURCE -> {
                if (!isThere) {
                    yield "Create it again with " + partitions
                            + ", or start with --leave-out-missing: the other routes then" + " go on where they were";
                }
                yield startsOver
                        ? "Start the relay again: it reads the topic from its beginning"
                        : "Delete the offsets of the application for it, as with kafka-consumer-groups.sh --delete-offsets"
                                + " --topic " + topic
                                + ", so that it is read from its beginning, and start the relay again";
            }
            case CONTROL -> start + "; commands that it had not read have to be sent again";
            case WRITTEN -> start + "; what the topic held is not written once more, since its keys are remembered";
            case REPARTITION ->
                "Set the offsets of the sources back by what may have been in it, as with"
                        + " kafka-consumer-groups.sh --reset-offsets --by-duration PT1H, and start the relay again: what it has let"
                        + " through is a duplicate";
            case CHANGELOG -> throw new IllegalStateException("a changelog has its own message");
        };
    }
}
