// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams.target;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.lang.reflect.Method;
import java.util.Arrays;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.utils.Utils;
import org.jspecify.annotations.Nullable;

/**
 * The size of a record where Kafka limits it, in bytes, by the record format of version 2.
 *
 * @param fields what key, value and headers take with their lengths
 */
public record RecordSize(long fields) {
    private static final int OF_BATCH_HEADER = 61;
    /** Attributes, and the differences of time and offset to the batch, which are 0 for the first record of one. */
    private static final int OF_FIRST_RECORD_HEADER = 3;
    /** The same for any record, with its length. */
    private static final int MAX_OF_RECORD_HEADER = 21;

    private static final int MAX_VARINT = 5;
    private static final byte MAGIC = 2;

    /** The size of that record. */
    public static RecordSize of(byte @Nullable [] key, byte @Nullable [] value, Headers headers) {
        long fields = lengthed(key) + lengthed(value);
        int count = 0;
        for (Header header : headers) {
            int name = Utils.utf8Length(header.key());
            fields += varint(name) + name + lengthed(header.value());
            count++;
        }
        return new RecordSize(fields + varint(count));
    }

    /** No less than any of the sizes of that record, and cheaper to compute. */
    static long bound(byte @Nullable [] key, byte @Nullable [] value, Headers headers) {
        long bound = OF_BATCH_HEADER + MAX_OF_RECORD_HEADER + 3L * MAX_VARINT;
        bound += (key == null ? 0 : key.length) + (value == null ? 0 : value.length);
        for (Header header : headers) {
            byte[] content = header.value();
            bound += 2L * MAX_VARINT + 3L * header.key().length() + (content == null ? 0 : content.length);
        }
        return bound;
    }

    /** What a producer compares with {@code max.request.size}: whether it compresses or not. */
    long inRequest() {
        return OF_BATCH_HEADER + MAX_OF_RECORD_HEADER + fields;
    }

    /** What a broker compares with {@code max.message.bytes} if nothing is compressed: that of a batch with this record alone. */
    public long inBatch() {
        long record = OF_FIRST_RECORD_HEADER + fields;
        return OF_BATCH_HEADER + varint(record) + record;
    }

    /**
     * The same compressed.
     *
     * @return 0 if this Kafka does not say
     */
    public static long inBatch(
            byte @Nullable [] key, byte @Nullable [] value, Headers headers, Compression compression) {
        // The class of the buffer has another package in Kafka 4.4.
        Method wrap = Arrays.stream(Compression.class.getMethods())
                .filter(method -> method.getName().equals("wrapForOutput"))
                .findFirst()
                .orElse(null);
        if (wrap == null) {
            return 0;
        }
        byte[] plain = bytes(key, value, headers);
        try {
            Class<?> type = wrap.getParameterTypes()[0];
            OutputStream buffer =
                    (OutputStream) type.getConstructor(int.class).newInstance(Math.max(512, plain.length / 2));
            try (OutputStream compressing = (OutputStream) wrap.invoke(compression, buffer, MAGIC)) {
                compressing.write(plain);
            }
            return (long) OF_BATCH_HEADER + (int) type.getMethod("position").invoke(buffer);
        } catch (ReflectiveOperationException otherKafka) {
            return 0;
        } catch (IOException impossible) {
            throw new UncheckedIOException("in memory", impossible);
        }
    }

    private static byte[] bytes(byte @Nullable [] key, byte @Nullable [] value, Headers headers) {
        RecordSize size = of(key, value, headers);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(Math.toIntExact(size.inBatch()));
        try (DataOutputStream out = new DataOutputStream(bytes)) {
            writeVarint(OF_FIRST_RECORD_HEADER + size.fields, out);
            out.write(new byte[OF_FIRST_RECORD_HEADER]);
            writeLengthed(key, out);
            writeLengthed(value, out);
            Header[] all = headers.toArray();
            writeVarint(all.length, out);
            for (Header header : all) {
                writeLengthed(Utils.utf8(header.key()), out);
                writeLengthed(header.value(), out);
            }
        } catch (IOException impossible) {
            throw new UncheckedIOException("in memory", impossible);
        }
        return bytes.toByteArray();
    }

    private static void writeLengthed(byte @Nullable [] content, DataOutputStream out) throws IOException {
        writeVarint(content == null ? -1 : content.length, out);
        if (content != null) {
            out.write(content);
        }
    }

    private static void writeVarint(long value, DataOutputStream out) throws IOException {
        long left = zigzag(value);
        for (; left > 0x7F; left >>>= 7) {
            out.write((int) ((left & 0x7F) | 0x80));
        }
        out.write((int) left);
    }

    private static long lengthed(byte @Nullable [] content) {
        return content == null ? varint(-1) : varint(content.length) + (long) content.length;
    }

    private static int varint(long value) {
        int bytes = 1;
        for (long left = zigzag(value); left > 0x7F; left >>>= 7) {
            bytes++;
        }
        return bytes;
    }

    private static long zigzag(long value) {
        return (value << 1) ^ (value >> 63);
    }
}
