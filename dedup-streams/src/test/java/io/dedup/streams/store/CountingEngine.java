// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.store;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.processor.StateStore;
import org.apache.kafka.streams.query.Query;
import org.apache.kafka.streams.query.QueryResult;
import org.apache.kafka.streams.state.TimestampedBytesStore;
import org.apache.kafka.streams.state.WindowBytesStoreSupplier;
import org.apache.kafka.streams.state.WindowStore;

/** An engine that counts what is asked of the store underneath. */
public final class CountingEngine implements StoreEngine {
    private final StoreEngine engine;
    private final Map<String, Integer> calls = new TreeMap<>();

    /** Counts the calls to that engine's stores. */
    public CountingEngine(StoreEngine engine) {
        this.engine = engine;
    }

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
        WindowBytesStoreSupplier delegate = engine.supplier(name, retention, window);
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
                    if (args != null && args[0] instanceof BucketedStore.Itself) {
                        // Else it would be asked without being counted.
                        return QueryResult.forUnknownQueryType((Query<?>) args[0], (StateStore) proxy);
                    }
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
            case "fetchAll", "backwardFetch", "backwardFetchAll", "all", "backwardAll", "query" -> "iterator";
            default -> "";
        };
    }
}
