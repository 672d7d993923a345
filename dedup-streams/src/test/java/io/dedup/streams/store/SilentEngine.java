// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.store;

import io.dedup.streams.internal.store.PreCommitHook;
import io.dedup.streams.internal.store.SegmentedWindowStore;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.state.TimestampedBytesStore;
import org.apache.kafka.streams.state.WindowBytesStoreSupplier;
import org.apache.kafka.streams.state.WindowStore;

/** The memory engine within a Kafka Streams that announces no commits, and tells of none, once it is silenced. */
public record SilentEngine(AtomicBoolean silenced) {
    /** The engine. */
    public StoreEngine engine() {
        return new StoreEngine(this::supplier);
    }

    private WindowBytesStoreSupplier supplier(String name, Duration retention, Duration window) {
        WindowBytesStoreSupplier memory = StoreEngine.memory().supplier(name, retention, window);
        return (WindowBytesStoreSupplier) Proxy.newProxyInstance(
                getClass().getClassLoader(), new Class<?>[] {WindowBytesStoreSupplier.class}, (proxy, method, args) -> {
                    Object result = method.invoke(memory, args);
                    return method.getName().equals("get") ? silent((SegmentedWindowStore) result) : result;
                });
    }

    @SuppressWarnings("unchecked") // the proxy forwards to a WindowStore<Bytes, byte[]>
    private WindowStore<Bytes, byte[]> silent(SegmentedWindowStore store) {
        Class<?>[] types = {WindowStore.class, TimestampedBytesStore.class, PreCommitHook.class};
        return (WindowStore<Bytes, byte[]>) Proxy.newProxyInstance(
                getClass().getClassLoader(), types, (proxy, method, args) -> {
                    String name = method.getName();
                    if (silenced.get() && (name.equals("flushCache") || name.equals("commit"))) {
                        return null;
                    }
                    try {
                        return method.invoke(store, args);
                    } catch (InvocationTargetException thrown) {
                        throw thrown.getCause();
                    }
                });
    }
}
