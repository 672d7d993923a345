// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams;

import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.internals.AbstractStream;
import org.jspecify.annotations.Nullable;

/**
 * Puts a node into a DSL topology without losing the stream's serdes.
 *
 * <p>{@link KStream#processValues} forgets the value serde, since the processor may change the type; ours does not.
 * {@link KStream#peek} keeps it. So the stream gets both, and the peeking node is moved from behind the stream to behind
 * the processor. This uses the constructor that Kafka offers to those who extend the DSL, and the graph behind it.
 */
final class GraphSplice<K, V> extends AbstractStream<K, V> {
    private GraphSplice(AbstractStream<K, V> stream) {
        super(stream);
    }

    /**
     * A view of that stream's graph node and serdes.
     *
     * @throws IllegalArgumentException if the stream is not one of Kafka's own
     */
    static <K, V> GraphSplice<K, V> of(KStream<K, V> stream) {
        if (stream instanceof AbstractStream<?, ?>) {
            @SuppressWarnings("unchecked") // a KStream<K, V> that is an AbstractStream is one of K and V
            AbstractStream<K, V> typed = (AbstractStream<K, V>) stream;
            return new GraphSplice<>(typed);
        }
        throw new IllegalArgumentException("Not a stream of Kafka's own: "
                + stream.getClass().getName() + "; apply dedup to the stream that it wraps");
    }

    /** Takes {@code child} from behind this stream and puts it behind {@code newParent}. */
    void move(KStream<K, V> child, KStream<K, V> newParent) {
        GraphSplice<K, V> moved = of(child);
        graphNode.removeChild(moved.graphNode);
        of(newParent).graphNode.addChild(moved.graphNode);
    }

    /**
     * Keeps the optimiser from moving a repartition of what follows to the front of this stream's node: the node would
     * then judge what the repartition topic delivers, and Kafka's merging of several repartitions fails on it.
     */
    void keepInPlace() {
        graphNode.setValueChangingOperation(true);
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
