// SPDX-License-Identifier: Apache-2.0
package io.dedup.store.redis;

import io.lettuce.core.RedisException;
import io.lettuce.core.api.StatefulConnection;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.cluster.RedisClusterClient;
import io.lettuce.core.cluster.SlotHash;
import io.lettuce.core.cluster.api.StatefulRedisClusterConnection;
import io.lettuce.core.cluster.models.partitions.RedisClusterNode;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The connections of a Lettuce client, by what is to be sent. */
sealed interface LettuceServers {
    /**
     * To the server that has the key of the call.
     *
     * @throws RedisException if there is none, or it cannot be reached
     */
    StatefulConnection<byte[], byte[]> of(ScriptCall call);

    /** To all servers, with a client that follows keys to where they have moved. */
    StatefulConnection<byte[], byte[]> following();

    /** Finds out again which server has which keys. */
    void refresh();

    /** How long an answer is waited for; zero for as long as it takes. */
    Duration timeout();

    void close();

    /**
     * A single server.
     *
     * @param closing what else is to be closed
     */
    record One(StatefulRedisConnection<byte[], byte[]> connection, Runnable closing) implements LettuceServers {
        @Override
        public StatefulConnection<byte[], byte[]> of(ScriptCall call) {
            return connection;
        }

        @Override
        public StatefulConnection<byte[], byte[]> following() {
            return connection;
        }

        @Override
        public void refresh() {}

        @Override
        public Duration timeout() {
            return connection.getTimeout();
        }

        @Override
        public void close() {
            connection.close();
            closing.run();
        }
    }

    /** The servers of a cluster. */
    record Cluster(RedisClusterClient client, StatefulRedisClusterConnection<byte[], byte[]> connection)
            implements LettuceServers {
        private static final Logger LOGGER = LoggerFactory.getLogger(LettuceDriver.class);

        @Override
        public StatefulConnection<byte[], byte[]> of(ScriptCall call) {
            int slot = SlotHash.getSlot(call.key());
            RedisClusterNode server = connection.getPartitions().getMasterBySlot(slot);
            if (server == null) {
                throw new RedisException("no server of the cluster has the slot " + slot);
            }
            return connection.getConnection(server.getNodeId());
        }

        @Override
        public StatefulConnection<byte[], byte[]> following() {
            return connection;
        }

        @Override
        public void refresh() {
            try {
                client.refreshPartitions();
            } catch (RedisException unreachable) {
                LOGGER.warn("The servers of the cluster could not be asked which keys they have", unreachable);
            }
        }

        @Override
        public Duration timeout() {
            return connection.getTimeout();
        }

        @Override
        public void close() {
            connection.close();
        }
    }
}
