// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.store;

import io.dedup.streams.internal.store.SegmentedWindowStoreSupplier;
import io.dedup.streams.internal.store.engine.Segments;
import io.dedup.streams.internal.store.memory.MemorySegments;
import io.dedup.streams.internal.store.table.MemoryBudget;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.Map;
import java.util.TreeMap;

/** The memory engine, which counts what is asked of its segments. */
public final class CountingEngine {
    private final Map<String, Integer> calls = new TreeMap<>();

    /** The engine. */
    public StoreEngine engine() {
        return new StoreEngine((name, retention, window) -> new SegmentedWindowStoreSupplier(
                name,
                retention,
                window,
                "counting",
                (width, seed) -> counting(new MemorySegments(width, false, MemoryBudget.unbounded()))));
    }

    /** How often each kind of read and write was called since the last {@link #reset}. */
    public Map<String, Integer> calls() {
        return Map.copyOf(calls);
    }

    /** Starts counting anew. */
    public void reset() {
        calls.clear();
    }

    private Segments counting(Segments segments) {
        return (Segments) Proxy.newProxyInstance(
                getClass().getClassLoader(), new Class<?>[] {Segments.class}, (proxy, method, args) -> {
                    String call = name(method.getName());
                    if (!call.isEmpty()) {
                        calls.merge(call, 1, Integer::sum);
                    }
                    try {
                        return method.invoke(segments, args);
                    } catch (InvocationTargetException thrown) {
                        throw thrown.getCause();
                    }
                });
    }

    private static String name(String method) {
        return switch (method) {
            case "put" -> "put";
            case "get" -> "point read";
            case "starts" -> "iterator";
            default -> "";
        };
    }
}
