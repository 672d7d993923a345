// SPDX-License-Identifier: Apache-2.0
package io.dedup.bench.mode;

import org.apache.avro.AvroRuntimeException;
import org.apache.avro.Schema;
import org.apache.avro.SchemaBuilder;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;

/** Bytes in the form of an Avro record, for what takes nothing else. Costs no encoding. Immutable, as long as its bytes are. */
final class AvroBytes implements SpecificRecord {
    private static final Schema SCHEMA =
            SchemaBuilder.record("AvroBytes").fields().requiredBytes("bytes").endRecord();

    private final byte[] bytes;

    private AvroBytes(byte[] bytes) {
        this.bytes = bytes;
    }

    /** Reads and writes the bytes as they are. */
    static Serde<AvroBytes> serde() {
        return Serdes.serdeFrom((topic, record) -> record.bytes, (topic, read) -> new AvroBytes(read));
    }

    @Override
    public Schema getSchema() {
        return SCHEMA;
    }

    @Override
    public Object get(int field) {
        return bytes;
    }

    @Override
    public void put(int field, Object value) {
        throw new AvroRuntimeException("immutable");
    }
}
