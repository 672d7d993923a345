// SPDX-License-Identifier: Apache-2.0
package io.dedup.consumer;

import java.io.InterruptedIOException;
import java.lang.reflect.InvocationTargetException;
import java.net.SocketException;
import java.net.UnknownHostException;
import java.net.http.HttpTimeoutException;
import java.nio.channels.ClosedChannelException;
import java.util.concurrent.TimeoutException;
import javax.net.ssl.SSLException;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.RetriableException;

/**
 * Distinguishes failures to read a record that may pass from those that are the record's own. A deserializer that asks a schema
 * registry fails in the same way for both, so the causes decide. An {@link java.io.IOException} as such does not: what JSON,
 * Protobuf and Avro throw for malformed bytes is one.
 */
final class TransientFailures {
    private static final int MAX_CAUSES = 20;
    private static final String REGISTRY =
            "io.confluent.kafka.schemaregistry.client.rest.exceptions.RestClientException";

    private TransientFailures() {}

    /** Whether the same record may well be readable later. */
    static boolean isTransient(Throwable failure) {
        Throwable cause = failure;
        for (int i = 0; cause != null && i < MAX_CAUSES; i++) {
            if (isOne(cause)) {
                return true;
            }
            cause = cause.getCause();
        }
        return false;
    }

    private static boolean isOne(Throwable cause) {
        return cause instanceof RetriableException
                || cause instanceof InterruptException
                || cause instanceof InterruptedException
                || cause instanceof SocketException
                || cause instanceof UnknownHostException
                || cause instanceof InterruptedIOException
                || cause instanceof HttpTimeoutException
                || cause instanceof ClosedChannelException
                || cause instanceof SSLException
                || cause instanceof TimeoutException
                || isOfARegistryThatMayRecover(cause);
    }

    /** A registry that is overloaded, restarted or does not let this application in; not one that has no such schema. */
    private static boolean isOfARegistryThatMayRecover(Throwable cause) {
        if (!isNamed(cause.getClass(), REGISTRY)) {
            return false;
        }
        try {
            Object status = cause.getClass().getMethod("getStatus").invoke(cause);
            return status instanceof Integer code
                    && (code >= 500 || code == 401 || code == 403 || code == 408 || code == 429);
        } catch (NoSuchMethodException | IllegalAccessException | InvocationTargetException otherVersion) {
            return false;
        }
    }

    private static boolean isNamed(Class<?> type, String name) {
        for (Class<?> at = type; at != null; at = at.getSuperclass()) {
            if (at.getName().equals(name)) {
                return true;
            }
        }
        return false;
    }
}
