// SPDX-License-Identifier: Apache-2.0
package io.dedup.bench.report;

/**
 * How fast one mode was while it remembered that many keys.
 *
 * @param mode its name
 * @param keys how many are remembered at the end of what was measured
 * @param measuredRecords over how many records before that
 * @param recordsPerSecond in these
 */
public record Growth(String mode, long keys, long measuredRecords, double recordsPerSecond) {}
