// SPDX-License-Identifier: Apache-2.0
package io.dedup.streams;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The model of {@link DedupModelTest} with tables so small that files are written all the time, which takes a while. */
class SmallTablesModelIT {
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7, 8})
    void apply_filesAreWrittenAllTheTime_agreesWithTheModel(int seed) {
        DedupModelTest.assertAgreesWithTheModel(seed, "small-tables", seed % 2 == 0);
    }
}
