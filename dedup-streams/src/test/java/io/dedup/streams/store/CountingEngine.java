// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.store;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.state.Stores;
import org.apache.kafka.streams.state.TimestampedBytesStore;
import org.apache.kafka.streams.state.WindowBytesStoreSupplier;
import org.apache.kafka.streams.state.WindowStore;

/** Kafka's own windowed store as an engine, which counts what is asked of it. */
public final class CountingEngine implements StoreEngine {
    private final Map<String, Integer> calls = new TreeMap<>();

    /** How often each kind of read and write was called since the last {@link #reset}. */
    public Map<String, Integer> calls() {
        return Map.copyOf(calls);
    }

    /** Starts counting anew. */
    public void reset() {
        calls.clear();
    }

    @Override
    public WindowBytesStoreSupplier supplier(String name, Duration retention, Duration window) {
        WindowBytesStoreSupplier delegate = Stores.inMemoryWindowStore(name, retention, window, false);
        return (WindowBytesStoreSupplier) Proxy.newProxyInstance(
                getClass().getClassLoader(), new Class<?>[] {WindowBytesStoreSupplier.class}, (proxy, method, args) -> {
                    Object result = method.invoke(delegate, args);
                    return method.getName().equals("get") ? counting((WindowStore<?, ?>) result) : result;
                });
    }

    @SuppressWarnings("unchecked") // the proxy forwards everything to a WindowStore<Bytes, byte[]>
    private WindowStore<Bytes, byte[]> counting(WindowStore<?, ?> store) {
        Class<?>[] types = store instanceof TimestampedBytesStore
                ? new Class<?>[] {WindowStore.class, TimestampedBytesStore.class}
                : new Class<?>[] {WindowStore.class};
        return (WindowStore<Bytes, byte[]>) Proxy.newProxyInstance(
                getClass().getClassLoader(), types, (proxy, method, args) -> {
                    String call = name(method.getName(), args);
                    if (!call.isEmpty()) {
                        calls.merge(call, 1, Integer::sum);
                    }
                    try {
                        return method.invoke(store, args);
                    } catch (InvocationTargetException thrown) {
                        throw thrown.getCause();
                    }
                });
    }

    private static String name(String method, Object[] args) {
        return switch (method) {
            case "put" -> "put";
            case "fetch" -> args.length == 2 && args[1] instanceof Long ? "point read" : "iterator";
            case "fetchAll", "backwardFetch", "backwardFetchAll", "all", "backwardAll" -> "iterator";
            case "query" -> args[0] instanceof BucketedStore.Itself ? "" : "iterator";
            default -> "";
        };
    }
}
