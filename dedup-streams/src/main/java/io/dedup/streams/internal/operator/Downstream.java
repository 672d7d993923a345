// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.operator;

import java.util.List;
import org.apache.kafka.streams.processor.api.ProcessingContext;
import org.apache.kafka.streams.processor.internals.InternalProcessorContext;
import org.apache.kafka.streams.processor.internals.ProcessorNode;
import org.jspecify.annotations.Nullable;

/** The nodes that follow an operator in its sub-topology. */
final class Downstream {
    private Downstream() {}

    /**
     * Whether so much follows that part of it can have been done when another part fails: several branches, or a processor with a store
     * and something behind it. What has been done would be done again, were the record processed once more.
     *
     * @param context of the operator, which is being initialised
     * @param child the one that accepted records are forwarded to; null for all
     * @param isGuarding whether the node of the operator has a processor of its own behind it
     */
    static boolean canBeDoneInPart(ProcessingContext context, @Nullable String child, boolean isGuarding) {
        if (!(context instanceof InternalProcessorContext<?, ?> internal) || internal.currentNode() == null) {
            return false;
        }
        ProcessorNode<?, ?, ?, ?> node = internal.currentNode();
        List<? extends ProcessorNode<?, ?, ?, ?>> children = node.children();
        if (child != null) {
            children = children.stream().filter(one -> one.name().equals(child)).toList();
        }
        return (isGuarding && !children.isEmpty()) || canBeDoneInPart(children);
    }

    private static boolean canBeDoneInPart(List<? extends ProcessorNode<?, ?, ?, ?>> followers) {
        return followers.size() > 1
                || followers.stream()
                        .anyMatch(
                                one -> (hasStore(one) && !one.children().isEmpty()) || canBeDoneInPart(one.children()));
    }

    private static boolean hasStore(ProcessorNode<?, ?, ?, ?> node) {
        // Of a sink it is null.
        return node.stateStores != null && !node.stateStores.isEmpty();
    }
}
