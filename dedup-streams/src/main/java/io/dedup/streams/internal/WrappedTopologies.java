// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal;

import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The topologies of this process that were built with the processor wrapper, by application. The wrapper is used while a topology is built,
 * the exception handler when it is started; Kafka Streams makes both, so that they meet here. Thread-safe.
 */
public final class WrappedTopologies {
    /** By application, the processors that the wrapper was to wrap and was not offered. */
    private static final Map<String, Set<String>> UNGUARDED = new ConcurrentHashMap<>();

    private WrappedTopologies() {}

    /**
     * Notes that the topology of that application is built with the wrapper.
     *
     * @param targets the processors that are to be wrapped
     * @return those that have not been yet; the wrapper takes out what it wraps
     */
    public static Set<String> begin(String applicationId, Set<String> targets) {
        Set<String> unguarded = ConcurrentHashMap.newKeySet();
        unguarded.addAll(targets);
        UNGUARDED.put(applicationId, unguarded);
        return unguarded;
    }

    /** Whether the topology of that application was built with the wrapper. */
    public static boolean contains(String applicationId) {
        return UNGUARDED.containsKey(applicationId);
    }

    /** The processors of that application that were to be wrapped and are not in its topology. */
    public static Set<String> unguarded(String applicationId) {
        return new TreeSet<>(UNGUARDED.getOrDefault(applicationId, Set.of()));
    }
}
