// SPDX-License-Identifier: Apache-2.0
package io.dedup.store.redis;

import java.util.List;

/**
 * The connection of the store to Redis: {@link JedisDriver} and {@link LettuceDriver} are there, and another client needs no more
 * than these two methods.
 *
 * <p>Each call is one script on one key, so that in a cluster every call has one server that can run it. Implementations are
 * thread-safe.
 */
public interface RedisDriver extends AutoCloseable {
    /**
     * Runs scripts: all that are for one server in one round trip, and those for one key in the order of the list. What becomes
     * of one does not depend on another.
     *
     * <p>Never throws because a server could not be reached, or refuses: those are replies. A key that has moved to another
     * server of a cluster is followed. A call may be sent more than once, as long as its order among those for its key stays.
     *
     * @param calls one or more
     * @param replicas what has to be confirmed after the calls and on their connection, for them to count as answered
     * @return the replies, in the order of the calls
     */
    List<ScriptReply> run(List<ScriptCall> calls, Replicas replicas);

    /** Closes what the driver has opened itself. A client that it was given is its owner's. */
    @Override
    void close();
}
