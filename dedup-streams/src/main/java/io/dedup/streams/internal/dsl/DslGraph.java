// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.dsl;

import java.util.HashSet;
import java.util.Set;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.AutoOffsetReset;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.internals.AbstractStream;
import org.apache.kafka.streams.kstream.internals.ConsumedInternal;
import org.apache.kafka.streams.kstream.internals.graph.GraphNode;
import org.apache.kafka.streams.kstream.internals.graph.SourceGraphNode;
import org.jspecify.annotations.Nullable;

/**
 * Puts a node into a DSL topology without losing the stream's serdes.
 *
 * <p>{@link KStream#processValues} forgets the value serde, since the processor may change the type; ours does not.
 * {@link KStream#peek} keeps it. So the stream gets both, and the peeking node is moved from behind the stream to behind
 * the processor. This uses the constructor that Kafka offers to those who extend the DSL, and the graph behind it.
 */
final class DslGraph<K, V> extends AbstractStream<K, V> {
    private DslGraph(AbstractStream<K, V> stream) {
        super(stream);
    }

    /**
     * A view of that stream's graph node and serdes.
     *
     * @throws IllegalArgumentException if the stream is not one of Kafka's own
     */
    static <K, V> DslGraph<K, V> of(KStream<K, V> stream) {
        if (stream instanceof AbstractStream<?, ?>) {
            @SuppressWarnings("unchecked") // a KStream<K, V> that is an AbstractStream is one of K and V
            AbstractStream<K, V> typed = (AbstractStream<K, V>) stream;
            return new DslGraph<>(typed);
        }
        throw new IllegalArgumentException("stream must be Kafka's own; apply dedup to the stream that it wraps: "
                + stream.getClass().getName());
    }

    /** Takes {@code child} from behind this stream and puts it behind {@code newParent}. */
    void move(KStream<K, V> child, KStream<K, V> newParent) {
        DslGraph<K, V> moved = of(child);
        graphNode.removeChild(moved.graphNode);
        of(newParent).graphNode.addChild(moved.graphNode);
    }

    /**
     * Keeps the optimiser from moving a repartition of what follows to the front of this stream's node: the node would
     * then decide on what the repartition topic delivers, and Kafka's merging of several repartitions fails on it.
     */
    void keepInPlace() {
        graphNode.setValueChangingOperation(true);
    }

    /**
     * Lets the records of that topic come into {@code node} too, as bytes and ahead of everything else that waits. A
     * repartition topic behind this stream gets as many partitions as the topic, so that one task reads both; that other
     * topics have as many, Kafka Streams checks only where there is a repartition topic.
     *
     * @param node made behind this stream
     * @param sourceName the same for every node that reads the topic, since Kafka makes one source of them
     * @throws IllegalArgumentException if the stream is made of that topic itself
     */
    void alsoInto(KStream<?, ?> node, String topic, String sourceName) {
        if (isMadeOf(graphNode, topic)) {
            throw new IllegalArgumentException(
                    "topic must not be one that the stream is made of, since it holds records or commands: " + topic);
        }
        // Commands that were sent before the first start count too.
        Consumed<byte[], byte[]> bytes = Consumed.with(Serdes.ByteArray(), Serdes.ByteArray())
                .withTimestampExtractor((record, partitionTime) -> 0L)
                .withOffsetResetPolicy(AutoOffsetReset.earliest())
                .withName(sourceName);
        KStream<byte[], byte[]> source = builder.stream(Set.of(topic), new ConsumedInternal<>(bytes));
        of(source).graphNode.addChild(of(node).graphNode);
        Set<String> together = new HashSet<>(subTopologySourceNodes);
        together.add(sourceName);
        internalTopologyBuilder().copartitionSources(together);
    }

    private static boolean isMadeOf(GraphNode node, String topic) {
        boolean itself = node instanceof SourceGraphNode<?, ?> source
                && source.topicNames().orElse(Set.of()).contains(topic);
        return itself || node.parentNodes().stream().anyMatch(parent -> isMadeOf(parent, topic));
    }

    @Nullable
    Serde<K> keys() {
        return keySerde;
    }

    @Nullable
    Serde<V> values() {
        return valueSerde;
    }
}
