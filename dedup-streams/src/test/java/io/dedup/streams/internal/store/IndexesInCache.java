// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.internal.store;

import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.apache.kafka.streams.state.RocksDBConfigSetter;
import org.rocksdb.BlockBasedTableConfig;
import org.rocksdb.IndexType;
import org.rocksdb.Options;

/** The setter of docs/operations.md, which notes when it is called. */
public final class IndexesInCache implements RocksDBConfigSetter {
    static final List<String> CALLS = new CopyOnWriteArrayList<>();

    @Override
    public void setConfig(String store, Options options, Map<String, Object> configs) {
        CALLS.add("set " + store + " of " + configs.get("application.id"));
        ((BlockBasedTableConfig) options.tableFormatConfig())
                .setCacheIndexAndFilterBlocks(true)
                .setIndexType(IndexType.kTwoLevelIndexSearch)
                .setPartitionFilters(true);
    }

    @Override
    public void close(String store, Options options) {
        CALLS.add("close " + store);
    }
}
