// SPDX-License-Identifier: Apache-2.0
package io.dedup.demo.web;

import com.fasterxml.jackson.databind.json.JsonMapper;
import io.javalin.Javalin;
import io.javalin.config.JavalinConfig;
import io.javalin.config.RoutesConfig;
import io.javalin.http.ContentTooLargeResponse;
import io.javalin.http.Context;
import io.javalin.http.Handler;
import io.javalin.http.HandlerType;
import io.javalin.http.HttpResponseException;
import io.javalin.http.HttpStatus;
import io.javalin.http.MethodNotAllowedResponse;
import io.javalin.http.NotFoundResponse;
import io.javalin.http.staticfiles.Location;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The HTTP server: what all answers have in common. Thread-safe. */
final class WebServer implements AutoCloseable {
    private static final Logger LOGGER = LoggerFactory.getLogger(WebServer.class);
    private static final Duration IDLE = Duration.ofSeconds(30);
    private static final JsonMapper MAPPER = JsonMapper.builder().build();
    private static final String GET = HandlerType.GET.name();
    /** Nothing comes from elsewhere, nothing is inline, and no other site shows this in a frame. */
    private static final Map<String, String> HEADERS = Map.of(
            "Content-Security-Policy",
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
                    + " form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
            "X-Content-Type-Options",
            "nosniff",
            "Referrer-Policy",
            "no-referrer",
            "Cache-Control",
            "no-store");

    private final Javalin server;

    private WebServer(Javalin server) {
        this.server = server;
    }

    /**
     * Starts one.
     *
     * @param port 0 for any that is free
     * @param parts what is to be found there
     */
    static WebServer start(String host, int port, List<Consumer<RoutesConfig>> parts) {
        return new WebServer(
                Javalin.create(config -> configure(config, host, parts)).start(host, port));
    }

    /** Answers GET at that path, and HEAD, of which the server sends no body. */
    static void read(RoutesConfig routes, String path, Handler handler) {
        routes.get(path, handler);
        routes.head(path, handler);
    }

    private static void configure(JavalinConfig config, String host, List<Consumer<RoutesConfig>> parts) {
        config.startup.showJavalinBanner = false;
        config.startup.showOldJavalinVersionWarning = false;
        config.staticFiles.add(files -> {
            files.directory = "/web";
            files.location = Location.CLASSPATH;
            files.headers = HEADERS;
        });
        config.staticFiles.enableWebjars();
        config.http.maxRequestSize = JsonBody.MAX_BYTES;
        config.http.prefer405over404 = true;
        config.router.ignoreTrailingSlashes = false;
        config.router.javaLangErrorHandler(WebServer::answerError);
        config.jetty.modifyHttpConfiguration(http -> {
            http.setIdleTimeout(IDLE.toMillis());
            http.setSendServerVersion(false);
        });
        ProblemErrorHandler unread = new ProblemErrorHandler(HEADERS);
        config.jetty.modifyServer(jetty -> jetty.setErrorHandler(unread));
        config.jetty.modifyServletContextHandler(jetty -> jetty.setErrorHandler(unread));
        config.routes.before(context -> HEADERS.forEach(context::header));
        config.routes.before(context -> SameOriginFilter.require(context, host));
        config.routes.exception(ProblemException.class, (refused, context) -> {
            refused.headers().forEach(context::header);
            refused.problem().answer(context);
        });
        config.routes.exception(HttpResponseException.class, WebServer::answer);
        config.routes.exception(
                Exception.class,
                (failed, context) -> Problem.failed(Problem.logged(context.method() + " " + context.path(), failed))
                        .answer(context));
        parts.forEach(part -> part.accept(config.routes));
    }

    /** What is no exception ends in an answer like any other too. */
    private static void answerError(HttpServletResponse response, Error error) {
        Problem failed = Problem.failed(Problem.logged("A request", error));
        try {
            byte[] body = MAPPER.writeValueAsBytes(failed);
            response.setStatus(failed.status());
            response.setContentType(Problem.MEDIA_TYPE);
            response.getOutputStream().write(body);
        } catch (IOException gone) {
            LOGGER.debug("The client has gone", gone);
        }
    }

    private static void answer(HttpResponseException refused, Context context) {
        String method = context.method().name();
        if (refused instanceof MethodNotAllowedResponse) {
            notAllowed(method, String.join(", ", refused.getDetails().values()), context);
        } else if (refused instanceof NotFoundResponse && isPage(context.path())) {
            notAllowed(method, GET, context);
        } else if (refused instanceof NotFoundResponse) {
            Problem.notFound("There is nothing at " + context.path()).answer(context);
        } else if (refused instanceof ContentTooLargeResponse) {
            Problem.tooLarge(JsonBody.MAX_BYTES).answer(context);
        } else {
            Problem.ofStatus(
                            refused.getStatus(),
                            HttpStatus.forStatus(refused.getStatus()).getMessage(),
                            refused.getMessage())
                    .answer(context);
        }
    }

    /** Whether there is a file there, so that it is the method that is wrong. */
    private static boolean isPage(String path) {
        return WebServer.class.getResource("/web" + (path.equals("/") ? "/index.html" : path)) != null;
    }

    private static void notAllowed(String method, String methods, Context context) {
        String allowed = methods.contains(GET) && !methods.contains("HEAD") ? methods + ", HEAD" : methods;
        context.header("Allow", allowed);
        Problem.methodNotAllowed(method, allowed).answer(context);
    }

    int port() {
        return server.port();
    }

    @Override
    public void close() {
        server.stop();
    }
}
