// SPDX-License-Identifier: Apache-2.0
package io.dedup.demo.web;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.dedup.demo.ledger.Database;
import io.dedup.demo.ledger.Ledger;
import io.dedup.handler.IdempotentHandler;
import io.dedup.store.memory.MemoryIdempotencyStore;
import io.javalin.Javalin;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The description has every route that callers use, and no other. */
class OpenApiTest {
    @TempDir
    Path directory;

    @Test
    void paths_areTheRoutes() throws Exception {
        JsonNode description = description();
        Set<String> described = new TreeSet<>();
        description
                .path("paths")
                .properties()
                .forEach(path -> path.getValue()
                        .fieldNames()
                        .forEachRemaining(
                                method -> described.add(method.toUpperCase(Locale.ROOT) + " " + path.getKey())));
        Set<String> routes = routes();
        assertThat(described).isEqualTo(withoutHead(routes));
        assertThat(routes)
                .as("HEAD is answered where GET is, which a description need not say")
                .containsAll(routes.stream()
                        .filter(route -> route.startsWith("GET "))
                        .map(route -> route.replace("GET ", "HEAD "))
                        .toList());
    }

    /** What is referred to is there: a tool that reads the description stops at the first that is not. */
    @Test
    void references_areResolved() throws Exception {
        JsonNode description = description();
        assertThat(description.findValuesAsText("$ref"))
                .isNotEmpty()
                .allSatisfy(reference -> assertThat(
                                description.at(reference.substring(1)).isObject())
                        .as(reference)
                        .isTrue());
    }

    private static Set<String> withoutHead(Set<String> routes) {
        return routes.stream()
                .filter(route -> !route.startsWith("HEAD "))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private static JsonNode description() throws IOException {
        try (InputStream yaml = OpenApiTest.class.getResourceAsStream("/web/openapi.yaml")) {
            return new YAMLMapper().readTree(yaml);
        }
    }

    private Set<String> routes() throws Exception {
        try (Ledger ledger = Ledger.open(Database.in(directory, "ledger"), 1);
                IdempotentHandler<StoredResponse> handler = IdempotentHandler.on(
                                MemoryIdempotencyStore.holding(10), "demo-test", StoredResponse.class)
                        .build()) {
            Javalin server = Javalin.create(config -> {
                new OperationsApi(handler, (key, operation, at) -> {}, new LiveLog()).addTo(config.routes);
                new LedgerApi(ledger).addTo(config.routes);
                new CustomersApi().addTo(config.routes);
            });
            return server.unsafe.internalRouter.allHttpHandlers().stream()
                    .filter(route -> route.endpoint.method.isHttpMethod())
                    .map(route -> route.endpoint.method.name() + " " + route.endpoint.path)
                    .collect(Collectors.toCollection(TreeSet::new));
        }
    }
}
