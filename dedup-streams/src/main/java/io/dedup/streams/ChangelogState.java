// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams;

import io.dedup.config.ConfigProblem;
import io.dedup.streams.internal.changelog.CommittedRecords;
import io.dedup.streams.internal.operator.DedupSettings;
import io.dedup.streams.internal.store.SeenLog;
import io.dedup.streams.internal.store.format.KeyDefinition;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.apache.kafka.common.TopicPartition;

/**
 * The state of an operator's store as its changelog has it, whether the application runs or not.
 *
 * <p>Confined to one thread. Every method throws what Kafka's consumer throws if the cluster does not answer.
 */
public final class ChangelogState {
    private final DedupSettings settings;
    private final String topic;
    private final CommittedRecords records;

    /**
     * The changelog of that operator in that application.
     *
     * @param records reads the changelog, and is not closed
     */
    public ChangelogState(Dedup dedup, String applicationId, CommittedRecords records) {
        this.settings = dedup.settings();
        this.topic = settings.changelog(applicationId);
        this.records = records;
    }

    /** The changelog topic, which need not be there. */
    public String topic() {
        return topic;
    }

    /** Whether something is remembered in it; the topic has to be there. */
    public boolean hasRecords() {
        return records.partitions(topic).stream().anyMatch(records::hasRecords);
    }

    /**
     * The differences between the key definition of the store and that of the operator, each with a code; empty if nothing is
     * remembered. The topic has to be there.
     *
     * @throws org.apache.kafka.common.errors.SerializationException if it is damaged or of another release
     */
    public List<ConfigProblem> changes() {
        Set<ConfigProblem> changes = new LinkedHashSet<>();
        for (TopicPartition partition : records.partitions(topic)) {
            records.last(partition).ifPresent(record -> {
                KeyDefinition before = SeenLog.definitionOf(record.key(), record.value());
                changes.addAll(settings.definition().changesSince(before == null ? KeyDefinition.UNKNOWN : before));
            });
        }
        return new ArrayList<>(changes);
    }
}
