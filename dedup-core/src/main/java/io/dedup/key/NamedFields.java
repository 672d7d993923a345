// SPDX-License-Identifier: Apache-2.0
package io.dedup.key;

import com.fasterxml.jackson.core.JsonPointer;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/** Fields of a JSON value, each named by its JSON pointer. Their order does not count, nor how often one is named. */
final class NamedFields {
    private final SortedMap<String, JsonPointer> pointers = new TreeMap<>();

    /**
     * @throws IllegalArgumentException if one is not a JSON pointer
     */
    NamedFields(List<String> pointers) {
        pointers.forEach(pointer -> this.pointers.put(pointer, Json.pointer(pointer)));
    }

    /** The pointers as they were written, in the order of canonical JSON, with commas between them. */
    String names() {
        return String.join(",", pointers.keySet());
    }

    /** An object that has the pointers as names and what stands there as values; those with nothing there are left out. */
    ObjectNode of(JsonNode value) {
        ObjectNode found = JsonNodeFactory.instance.objectNode();
        pointers.forEach((name, pointer) -> {
            JsonNode field = value.at(pointer);
            if (!field.isMissingNode()) {
                found.set(name, field);
            }
        });
        return found;
    }

    /** The pointers, as they were written. */
    Iterable<String> pointers() {
        return pointers.keySet();
    }
}
