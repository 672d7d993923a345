// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal;

import io.dedup.config.ConfigProblem;
import io.dedup.config.ConfigProblem.Code;
import io.dedup.config.DedupConfigException;
import java.util.List;
import org.apache.kafka.common.utils.Utils;
import org.jspecify.annotations.Nullable;

/** Exception handlers of Kafka Streams as properties name them: by a class, or by its name. */
public final class HandlerClass {
    private HandlerClass() {}

    /**
     * The class that is configured; null if none is.
     *
     * @throws DedupConfigException if there is no such class
     */
    public static @Nullable Class<?> of(String key, @Nullable Object configured) {
        if (configured == null || configured instanceof Class<?>) {
            return (Class<?>) configured;
        }
        try {
            return Utils.loadClass(configured.toString(), Object.class);
        } catch (ClassNotFoundException unknown) {
            throw unusable("class", key, configured, unknown);
        }
    }

    /**
     * A handler of the class that is configured.
     *
     * @throws DedupConfigException if it cannot be made or is none
     */
    public static <T> T make(Class<T> type, String key, Object configured) {
        Class<?> handler = of(key, configured);
        try {
            return type.cast(Utils.newInstance(handler));
        } catch (RuntimeException failed) {
            throw unusable(type.getSimpleName(), key, configured, failed);
        }
    }

    private static DedupConfigException unusable(String type, String key, Object configured, Exception cause) {
        String name = configured instanceof Class<?> handler ? handler.getName() : configured.toString();
        DedupConfigException exception = new DedupConfigException(List.of(new ConfigProblem(
                Code.INVALID_VALUE,
                key,
                name,
                "This is not a " + type + " that can be made: " + cause.getMessage(),
                "Name a class on the class path that implements it and has a constructor without parameters")));
        exception.initCause(cause);
        return exception;
    }
}
