// SPDX-License-Identifier: Apache-2.0
package io.dedup.key;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.JsonSerializer;
import com.fasterxml.jackson.databind.SerializerProvider;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.module.SimpleModule;
import com.fasterxml.jackson.databind.ser.std.ToStringSerializer;
import java.io.IOException;
import java.time.ZoneId;
import java.time.temporal.TemporalAccessor;
import java.time.temporal.TemporalAmount;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Objects of Java as JSON, the same on every class path and in every process. What plain Jackson refuses ({@code java.time},
 * {@code Optional}) is written here, and sets, whose order differs between processes, in the order of what is in them.
 */
final class ObjectsAsJson {
    private static final JsonMapper MAPPER = JsonMapper.builder()
            .enable(DeserializationFeature.FAIL_ON_READING_DUP_TREE_KEY) // Keys of a map that are the same as text.
            .addModule(new SimpleModule("dedup")
                    .addSerializer(TemporalAccessor.class, ToStringSerializer.instance)
                    .addSerializer(TemporalAmount.class, ToStringSerializer.instance)
                    .addSerializer(ZoneId.class, ToStringSerializer.instance)
                    .addSerializer(Optional.class, writing(ObjectsAsJson::value))
                    .addSerializer(OptionalInt.class, writing(maybe -> maybe.isPresent() ? maybe.getAsInt() : null))
                    .addSerializer(OptionalLong.class, writing(maybe -> maybe.isPresent() ? maybe.getAsLong() : null))
                    .addSerializer(
                            OptionalDouble.class, writing(maybe -> maybe.isPresent() ? maybe.getAsDouble() : null))
                    .addSerializer(Set.class, writing(ObjectsAsJson::sorted)))
            .build();

    private ObjectsAsJson() {}

    /** What is written instead of an object. */
    @FunctionalInterface
    private interface Replacement<T> {
        @Nullable
        Object of(T object) throws Json.NotJson;
    }

    /**
     * The object as JSON.
     *
     * @throws Json.NotJson if Jackson cannot write it
     */
    static JsonNode tree(@Nullable Object object) throws Json.NotJson {
        try {
            return MAPPER.valueToTree(object);
        } catch (IllegalArgumentException unwritable) {
            throw new Json.NotJson(String.valueOf(unwritable.getMessage()), unwritable);
        }
    }

    private static @Nullable Object value(Optional<?> maybe) {
        return maybe.orElse(null);
    }

    private static Iterable<JsonNode> sorted(Set<?> set) throws Json.NotJson {
        SortedMap<String, JsonNode> elements = new TreeMap<>();
        for (Object element : set) {
            JsonNode json = tree(element);
            elements.put(CanonicalJson.text(json), json);
        }
        return elements.values();
    }

    private static <T> JsonSerializer<T> writing(Replacement<T> replacement) {
        return new JsonSerializer<>() {
            @Override
            public void serialize(T object, JsonGenerator json, SerializerProvider serializers) throws IOException {
                try {
                    serializers.defaultSerializeValue(replacement.of(object), json);
                } catch (Json.NotJson unwritable) {
                    throw new IOException(unwritable.detail(), unwritable);
                }
            }
        };
    }
}
