// SPDX-License-Identifier: Apache-2.0
package io.dedup.demo.web;

import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Map;
import org.eclipse.jetty.http.HttpStatus;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.handler.ErrorHandler;
import org.eclipse.jetty.util.Callback;
import org.jspecify.annotations.Nullable;

/** Answers what the server refuses before any route sees it: requests that are no HTTP, or too much of it. Thread-safe. */
final class ProblemErrorHandler extends ErrorHandler {
    private static final JsonMapper MAPPER = JsonMapper.builder().build();

    private final Map<String, String> headers;

    /**
     * Answers with problems.
     *
     * @param headers of every answer
     */
    ProblemErrorHandler(Map<String, String> headers) {
        this.headers = Map.copyOf(headers);
    }

    @Override
    public boolean errorPageForMethod(String method) {
        return true;
    }

    @Override
    protected void generateResponse(
            Request request,
            Response response,
            int status,
            @Nullable String message,
            @Nullable Throwable cause,
            Callback callback)
            throws IOException {
        Problem problem = status == HttpStatus.INTERNAL_SERVER_ERROR_500
                ? Problem.failed(Problem.logged(
                        request.getMethod() + " " + request.getHttpURI().getPath(), cause))
                : Problem.ofStatus(status, HttpStatus.getMessage(status), message);
        headers.forEach((name, value) -> response.getHeaders().put(name, value));
        response.getHeaders().put("Content-Type", Problem.MEDIA_TYPE);
        response.write(true, ByteBuffer.wrap(MAPPER.writeValueAsBytes(problem)), callback);
    }
}
