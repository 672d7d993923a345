// SPDX-License-Identifier: Apache-2.0
package io.dedup.handler;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.ObjectWriter;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;

/** Outcomes as JSON. Thread-safe. */
final class JsonCodec<T> implements OutcomeCodec<T> {
    private static final JsonMapper MAPPER = JsonMapper.builder()
            .findAndAddModules()
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .build();

    private final ObjectWriter writer;
    private final ObjectReader reader;

    JsonCodec(Class<T> type) {
        this.writer = MAPPER.writerFor(type);
        this.reader = MAPPER.readerFor(type);
    }

    @Override
    public String name() {
        return "json";
    }

    @Override
    public byte[] encode(T outcome) throws IOException {
        return writer.writeValueAsBytes(outcome);
    }

    @Override
    public T decode(byte[] bytes, int version) throws IOException {
        return reader.readValue(bytes);
    }
}
