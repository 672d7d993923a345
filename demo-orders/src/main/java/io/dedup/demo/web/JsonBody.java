// SPDX-License-Identifier: Apache-2.0
package io.dedup.demo.web;

import com.fasterxml.jackson.databind.JsonNode;
import io.dedup.demo.traffic.StrictJson;
import io.javalin.http.Context;
import io.javalin.http.HttpStatus;
import java.io.IOException;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeoutException;
import java.util.regex.Pattern;
import org.eclipse.jetty.http.HttpException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The JSON object in the body of a request. Anything else ends the request with a problem: what a caller asks for and
 * would not get is refused, and not ignored.
 */
final class JsonBody {
    /** How many bytes a body may have. */
    static final int MAX_BYTES = 16 * 1024;

    private static final Logger LOGGER = LoggerFactory.getLogger(JsonBody.class);
    private static final String MEDIA_TYPE = "application/json";
    private static final Pattern SEMICOLON = Pattern.compile(";");
    private static final Pattern EQUALS = Pattern.compile("=");

    private JsonBody() {}

    /**
     * Reads it.
     *
     * @param members that it may have
     * @throws ProblemException if it is no such object, or the request has a query
     */
    static JsonNode read(Context context, Set<String> members) {
        requireNoQuery(context);
        requireMediaType(headers(context, "Content-Type"));
        requireNoCoding(headers(context, "Content-Encoding"));
        requireNoTransferCoding(headers(context, "Transfer-Encoding"));
        byte[] body = bytes(context);
        if (body.length == 0) {
            throw badRequest("The body is missing: it must be a JSON object");
        }
        JsonNode json;
        try {
            json = StrictJson.readObject(body);
        } catch (IllegalArgumentException unreadable) {
            throw badRequest("The body " + unreadable.getMessage());
        }
        json.fieldNames().forEachRemaining(name -> {
            if (!members.contains(name)) {
                throw badRequest("The body has a member that is not known: '" + name + "'");
            }
        });
        return json;
    }

    private static void requireNoQuery(Context context) {
        if (context.queryString() != null) {
            throw badRequest("This operation has no query: what is asked for is in the body");
        }
    }

    /** What does not say what it is may be JSON; what says that it is something else is not. */
    private static void requireMediaType(List<String> types) {
        boolean isJson = types.size() <= 1 && types.stream().allMatch(JsonBody::isJson);
        if (!isJson) {
            throw new ProblemException(
                    Problem.unsupported(
                            "Content-Type must be " + MEDIA_TYPE + " in UTF-8: " + String.join(", ", types)),
                    Map.of("Accept", MEDIA_TYPE));
        }
    }

    private static boolean isJson(String type) {
        String[] parts = SEMICOLON.split(type, -1);
        boolean isJson = parts[0].strip().equalsIgnoreCase(MEDIA_TYPE);
        for (int i = 1; i < parts.length; i++) {
            String[] parameter = EQUALS.split(parts[i].strip(), 2);
            if (parameter[0].equalsIgnoreCase("charset")) {
                String charset = parameter.length == 1 ? "" : parameter[1].replace("\"", "");
                isJson &= charset.equalsIgnoreCase("utf-8");
            }
        }
        return isJson;
    }

    private static void requireNoCoding(List<String> codings) {
        boolean isPlain = codings.stream()
                .allMatch(coding ->
                        coding.isEmpty() || coding.toLowerCase(Locale.ROOT).equals("identity"));
        if (!isPlain) {
            throw new ProblemException(
                    Problem.unsupported(
                            "Content-Encoding must be identity, or not there: " + String.join(", ", codings)),
                    Map.of("Accept-Encoding", "identity"));
        }
    }

    /** The server takes chunks apart, and leaves what else was done to the body as it is. */
    private static void requireNoTransferCoding(List<String> codings) {
        if (!codings.stream().allMatch("chunked"::equalsIgnoreCase)) {
            throw new ProblemException(
                    Problem.ofStatus(
                            HttpStatus.NOT_IMPLEMENTED.getCode(),
                            HttpStatus.NOT_IMPLEMENTED.getMessage(),
                            "Transfer-Encoding must be chunked alone, or not there: " + String.join(", ", codings)),
                    Map.of("Connection", "close"));
        }
    }

    private static List<String> headers(Context context, String name) {
        return Collections.list(context.req().getHeaders(name));
    }

    private static byte[] bytes(Context context) {
        if (context.req().getContentLengthLong() > MAX_BYTES) {
            throw new ProblemException(Problem.tooLarge(MAX_BYTES), Map.of("Connection", "close"));
        }
        byte[] body;
        try {
            body = context.req().getInputStream().readNBytes(MAX_BYTES + 1);
        } catch (IOException unread) {
            throw unread(unread);
        } catch (RuntimeException unread) {
            if (unread instanceof HttpException) {
                throw unread(unread);
            }
            throw unread;
        }
        if (body.length > MAX_BYTES) {
            throw new ProblemException(Problem.tooLarge(MAX_BYTES), Map.of("Connection", "close"));
        }
        return body;
    }

    private static ProblemException unread(Exception unread) {
        LOGGER.debug("A body cannot be read", unread);
        for (Throwable cause = unread; cause != null; cause = cause.getCause()) {
            if (cause instanceof TimeoutException) {
                return new ProblemException(Problem.timeout(), Map.of("Connection", "close"));
            }
        }
        return new ProblemException(
                Problem.badRequest("The body cannot be read to its end"), Map.of("Connection", "close"));
    }

    private static ProblemException badRequest(String detail) {
        return new ProblemException(Problem.badRequest(detail));
    }
}
