// SPDX-License-Identifier: Apache-2.0
package io.dedup.demo.web;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.javalin.http.Context;
import java.io.IOException;
import java.util.Iterator;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The body of a request: one JSON object that says everything about it. What could say two things, or what would be read and not
 * compared with a retry, is refused: a name that is there twice, an unknown member, a query.
 */
final class JsonBody {
    private static final JsonMapper MAPPER = JsonMapper.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    /** JSON, and what curl and HTML forms say unless they are asked to say something else. */
    private static final Pattern MEDIA_TYPE =
            Pattern.compile("application/(json|[a-z0-9.-]{1,64}\\+json|x-www-form-urlencoded)");

    private static final Pattern UTF8 = Pattern.compile("charset=\"?utf-8\"?");

    private JsonBody() {}

    /**
     * Reads it.
     *
     * @param members those that there may be
     * @throws ProblemException with what is wrong
     */
    static JsonNode read(Context context, Set<String> members) {
        if (context.queryString() != null) {
            throw bad("The query has no meaning here: put everything into the body");
        }
        requireEncoding(context.header("Content-Encoding"));
        requireType(context.header("Content-Type"));
        JsonNode json = parsed(context.bodyAsBytes());
        if (!json.isObject()) {
            throw bad("The body must be a JSON object");
        }
        for (Iterator<String> names = json.fieldNames(); names.hasNext(); ) {
            String name = names.next();
            if (!members.contains(name)) {
                throw bad("The body has the member '" + shown(name) + "', and there may be " + members);
            }
        }
        return json;
    }

    private static void requireEncoding(@Nullable String encoding) {
        if (encoding != null && !encoding.strip().equalsIgnoreCase("identity")) {
            throw new ProblemException(
                    Problem.unsupported("A body must not be compressed: Content-Encoding is refused"));
        }
    }

    private static void requireType(@Nullable String type) {
        if (type == null) {
            return;
        }
        String[] parts = type.toLowerCase(Locale.ROOT).split(";", -1);
        if (!MEDIA_TYPE.matcher(parts[0].strip()).matches()) {
            throw new ProblemException(Problem.unsupported("A body must be application/json"));
        }
        for (int i = 1; i < parts.length; i++) {
            String parameter = parts[i].strip();
            if (parameter.startsWith("charset") && !UTF8.matcher(parameter).matches()) {
                throw new ProblemException(Problem.unsupported("A body must be in UTF-8"));
            }
        }
    }

    private static JsonNode parsed(byte[] body) {
        try {
            return MAPPER.readTree(body);
        } catch (JsonProcessingException notJson) {
            throw bad("The body is not JSON: " + notJson.getOriginalMessage());
        } catch (IOException unreadable) {
            throw bad("The body cannot be read");
        }
    }

    private static String shown(String name) {
        return name.length() <= 40 ? name : name.substring(0, 40) + "…";
    }

    private static ProblemException bad(String detail) {
        return new ProblemException(Problem.badRequest(detail));
    }
}
