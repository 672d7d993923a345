// SPDX-License-Identifier: Apache-2.0
package io.dedup.demo.web;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.nio.ByteBuffer;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.HttpStatus;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.handler.ErrorHandler;
import org.eclipse.jetty.util.Callback;
import org.jspecify.annotations.Nullable;

/** Answers requests that reach no route, since they are no HTTP or too large, by a problem as every other. Thread-safe. */
final class ServerProblems extends ErrorHandler {
    private static final JsonMapper MAPPER = JsonMapper.builder().build();

    @Override
    public boolean errorPageForMethod(String method) {
        return true;
    }

    @Override
    protected void generateResponse(
            Request request,
            Response response,
            int code,
            @Nullable String message,
            @Nullable Throwable cause,
            Callback callback) {
        response.getHeaders().put(HttpHeader.CONTENT_TYPE, Problem.MEDIA_TYPE);
        response.write(true, ByteBuffer.wrap(body(code)), callback);
    }

    private static byte[] body(int status) {
        Problem problem = new Problem(
                "about:blank", HttpStatus.getMessage(status), status, "The server cannot read the request.");
        try {
            return MAPPER.writeValueAsString(problem).getBytes(UTF_8);
        } catch (JsonProcessingException impossible) {
            throw new IllegalStateException("A problem is always JSON", impossible);
        }
    }
}
