// SPDX-License-Identifier: Apache-2.0
package io.dedup.bench.report;

/**
 * A run that came to no result.
 *
 * @param experiment what was measured
 * @param mode its name
 * @param message what is known about it
 */
public record Failure(String experiment, String mode, String message) {}
