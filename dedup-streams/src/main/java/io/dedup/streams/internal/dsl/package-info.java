// SPDX-License-Identifier: Apache-2.0
/**
 * How the operator is put into a topology of the DSL. It is not part of the API.
 *
 * <p>Start at {@link io.dedup.streams.internal.dsl.DslWiring}.
 */
@NullMarked
package io.dedup.streams.internal.dsl;

import org.jspecify.annotations.NullMarked;
