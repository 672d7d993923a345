// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.store;

import io.dedup.streams.internal.store.format.SeenKey;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.state.TimestampedWindowStore;
import org.apache.kafka.streams.state.WindowStore;
import org.jspecify.annotations.Nullable;

/** Stands between an operator and its store, and sees what is put: that is what the changelog gets. */
public final class PutRecorder {
    private final List<Bytes> keys = new ArrayList<>();
    private @Nullable RuntimeException failure;

    /** That store, watched. */
    @SuppressWarnings("unchecked") // the proxy has this interface
    public TimestampedWindowStore<Bytes, byte[]> before(WindowStore<Bytes, ?> store) {
        return (TimestampedWindowStore<Bytes, byte[]>) Proxy.newProxyInstance(
                PutRecorder.class.getClassLoader(),
                new Class<?>[] {TimestampedWindowStore.class},
                (proxy, method, arguments) -> {
                    if (method.getName().equals("put")) {
                        RuntimeException thrown = failure;
                        if (thrown != null) {
                            failure = null;
                            throw thrown;
                        }
                        keys.add((Bytes) arguments[0]);
                    }
                    try {
                        return method.invoke(store, arguments);
                    } catch (InvocationTargetException failed) {
                        throw failed.getCause();
                    }
                });
    }

    /** The keys that were put, in that order. */
    public List<Bytes> keys() {
        return keys;
    }

    /** Lets the next put fail, and only that. */
    void failOnce(RuntimeException thrown) {
        failure = thrown;
    }

    /** How many of them are those of batches. */
    int batches() {
        return (int) keys.stream().filter(SeenKey.BATCH::equals).count();
    }
}
