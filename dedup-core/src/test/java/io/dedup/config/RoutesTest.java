// SPDX-License-Identifier: Apache-2.0
package io.dedup.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.dedup.Scope;
import io.dedup.config.ConfigProblem.Code;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RoutesTest {
    @Test
    void parse_severalSources_areOneRouteNamedByTheFirst() {
        // When
        List<Route> routes = Routes.parse("eu.orders + us.orders->orders, payments->payments.unique");
        // Then
        assertThat(routes)
                .containsExactly(
                        new Route(List.of("eu.orders", "us.orders"), "orders"),
                        new Route(List.of("payments"), "payments.unique"));
        assertThat(routes).extracting(Route::name).containsExactly("eu.orders", "payments");
        assertThat(routes).extracting(Route::from).containsExactly("eu.orders+us.orders", "payments");
    }

    @Test
    void parse_pattern_mayNotNameWhatIsRemembered() {
        assertThatThrownBy(() -> Routes.parse("*.orders->orders"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'*.orders' cannot be the first source")
                .hasMessageContaining("eu.orders+*.orders->orders");
        Route route = Routes.parse("eu.orders+*.orders->orders").get(0);
        assertThat(route.reads("eu.orders")).isTrue();
        assertThat(route.reads("us.orders")).isTrue();
        assertThat(route.reads("us-orders")).isFalse();
        assertThat(route.reads("us.orders.old")).isFalse();
    }

    @Test
    void route_withoutSources_isRefused() {
        assertThatThrownBy(() -> new Route(List.of(), "t"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("sources must not be empty: []");
    }

    @Test
    void sourcesAndTargets_ofAllRoutes_inTheirOrder() {
        DedupConfig config = DedupConfig.of(with("dedup.routes", "b+a->c,d->e"));
        assertThat(config.sources()).containsExactly("b", "a", "d");
        assertThat(config.targets()).containsExactly("c", "e");
    }

    /** Each route would let the key through once. */
    @ParameterizedTest
    @ValueSource(strings = {"none", "orders", "header:tenant"})
    void check_scopeOverSeveralRoutes_isRefused(String scope) {
        assertThat(DedupConfig.check(with("dedup.routes", "a->b,c->d", "dedup.scope", scope)))
                .singleElement()
                .satisfies(problem -> {
                    assertThat(problem.code()).isEqualTo(Code.SCOPE_OVER_ROUTES);
                    assertThat(problem.key()).isEqualTo("dedup.scope");
                    assertThat(problem.value()).isEqualTo(scope);
                    assertThat(problem.fix()).contains("SOURCE+SOURCE->TARGET");
                });
    }

    @ParameterizedTest
    @ValueSource(strings = {"none", "orders", "header:tenant"})
    void check_scopeOverOneRoute_isFine(String scope) {
        assertThat(DedupConfig.check(with("dedup.routes", "a+c->b", "dedup.scope", scope)))
                .isEmpty();
    }

    @Test
    void check_scopeThatKeepsJoinedSourcesApart_isRefused() {
        assertThat(DedupConfig.check(with("dedup.routes", "a+c->b", "dedup.scope", "topic")))
                .singleElement()
                .satisfies(problem -> {
                    assertThat(problem.code()).isEqualTo(Code.SCOPE_SPLITS_ROUTE);
                    assertThat(problem.key()).isEqualTo("dedup.scope");
                    assertThat(problem.message()).contains("a+c->b");
                });
        assertThat(DedupConfig.check(with("dedup.routes", "a+c->b"))).isEmpty();
        assertThat(DedupConfig.check(with("dedup.routes", "a->b,c->d", "dedup.scope", "topic")))
                .isEmpty();
    }

    @Test
    void ofTopics_someTopics_haveOneNameAndOthersTheirOwn() {
        Scope scope = Scope.ofTopics(List.of("eu.orders", "us.orders"));
        assertThat(scope.nameFor("eu.orders")).isEqualTo("eu.orders");
        assertThat(scope.nameFor("us.orders")).isEqualTo("eu.orders");
        assertThat(scope.nameFor("payments")).isEqualTo("payments");
        assertThat(scope.nameFor(null)).isEmpty();
    }

    private static Map<String, String> with(String... pairs) {
        Map<String, String> properties = new HashMap<>(Map.of("dedup.dead.letter.topic", "dead"));
        for (int i = 0; i < pairs.length; i += 2) {
            properties.put(pairs[i], pairs[i + 1]);
        }
        return properties;
    }
}
